// SPDX-License-Identifier: Apache-2.0

import Contracts
import PKI

extension TrackedKey {
    /// What the phone of this key may know of its state.
    var passState: KeyPass.State {
        switch state.state {
        case .tracked: .pending
        // The car hears of an end before the device does (docs/api.md 2.7).
        case .active, .terminationRequested: .active
        case .suspended: .suspended
        case .terminatedInVehicle, .terminatedOnDevice, .terminated, .rejected: .ended
        }
    }

    /// What the key may do, for people.
    var entitlement: String {
        guard state.keyType == .shared else { return "Owner" }
        let level = AccessLevel.offered.first { $0.profile == state.profile }?.name
        let rights = attestation.flatMap { try? Attestation(parsing: $0) }?.keyConfig
        return (level ?? "Profile \(state.profile)")
            + (rights?.maxSpeedKmh.map { ", at most \($0) km/h" } ?? "")
            + (rights?.weekly.isEmpty == false ? ", at times of the week" : "")
    }
}
