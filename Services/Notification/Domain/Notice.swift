// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers

/// Something the holder of a key should hear of.
struct Notice: Codable, Equatable, Sendable {
    /// Unique; also the `x-requestId` of the call.
    var id: String
    /// The key of the customer who is told.
    var recipient: KeyID
    /// The device OEM of that key.
    var deviceOemId: String
    /// The event of the partner API (docs/api.md).
    var eventType: String
    var eventData: PartnerAPI.EventData
    var at: Instant
}

/// Which notices follow from what happened to a key.
enum NoticePolicy {
    /// One recipient and the name of what happened.
    struct Told: Equatable {
        var recipient: KeyID
        var deviceOemId: String
        var eventType: String
        var sharedKey: KeyID?
    }

    /// A key was registered.
    static func tracked(_ key: TrackedKeyState, owner: TrackedKeyState?) -> [Told] {
        guard key.keyType == .shared else { return [] }
        return toOwner(owner, "SHARED_KEY_ADDED", key)
    }

    /// A key changed from one state to another.
    static func changed(_ key: TrackedKeyState, from: KeyState, owner: TrackedKeyState?) -> [Told] {
        guard let (own, shared) = words(for: key.state, from: from) else { return [] }
        var told =
            own.map {
                [
                    Told(
                        recipient: key.keyId, deviceOemId: key.deviceOemId, eventType: $0,
                        sharedKey: nil)
                ]
            } ?? []
        if key.keyType == .shared { told += toOwner(owner, shared, key) }
        return told
    }

    /// What the holder is told (if anything), and what the owner is told of a shared key.
    private static func words(for state: KeyState, from: KeyState) -> (String?, String)? {
        switch state {
        case .active where from == .suspended: ("RESUMED", "SHARED_KEY_RESUMED")
        case .active where from == .tracked: (nil, "SHARED_KEY_ACTIVATED")
        case .suspended: ("SUSPENDED", "SHARED_KEY_SUSPENDED")
        case .terminationRequested: (nil, "SHARED_KEY_TERMINATING")
        case .terminated: ("TERMINATED", "SHARED_KEY_TERMINATED")
        case .active, .tracked, .terminatedInVehicle, .terminatedOnDevice, .rejected: nil
        }
    }

    private static func toOwner(
        _ owner: TrackedKeyState?, _ eventType: String, _ key: TrackedKeyState
    ) -> [Told] {
        guard let owner else { return [] }
        return [
            Told(
                recipient: owner.keyId, deviceOemId: owner.deviceOemId, eventType: eventType,
                sharedKey: key.keyId)
        ]
    }
}
