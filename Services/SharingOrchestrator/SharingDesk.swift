// SPDX-License-Identifier: Apache-2.0

import Contracts
import Messaging
import Postgres

/// The use cases: decide about shared keys when they are registered, forget them when they end.
struct SharingDesk: Sendable {
    let policy: SharingPolicy

    /// A key was registered; owner keys are none of our business.
    func decide(_ tracked: TrackedKeyState, in transaction: Transaction) async throws {
        guard tracked.keyType == .shared else { return }
        let store = SharedKeyStore(transaction)
        let usable = try await store.usable(of: tracked.vehicleId)
        let decision = policy.decide(tracked, usable: usable)
        var decided = SharedKeyDecided(
            keyId: tracked.keyId, vehicleId: tracked.vehicleId, approved: true, reason: nil)
        if case .refused(let reason) = decision {
            decided.approved = false
            decided.reason = reason
        }
        guard try await store.insert(decided, profile: tracked.profile) else { return }
        try await Outbox(transaction).add(decided)
    }

    /// A key changed; one that is ending makes room.
    func follow(_ tracked: TrackedKeyState, in transaction: Transaction) async throws {
        switch tracked.state {
        case .terminationRequested, .terminatedInVehicle, .terminatedOnDevice, .terminated:
            try await SharedKeyStore(transaction).end(tracked.keyId)
        case .tracked, .active, .suspended, .rejected: return
        }
    }
}
