// SPDX-License-Identifier: Apache-2.0

import Contracts

/// What an automaker allows owners to share.
struct SharingPolicy: Equatable, Sendable {
    /// Shared keys of one vehicle that may be usable at the same time.
    var limit: Int
    /// Levels on offer.
    var levels = AccessLevel.offered

    /// Yes, or why not.
    enum Decision: Equatable, Sendable {
        case approved
        case refused(reason: String)
    }

    /// Decides about `key` when `usable` other shared keys of the vehicle are usable.
    func decide(_ key: TrackedKeyState, usable: Int) -> Decision {
        guard levels.contains(where: { $0.profile == key.profile }) else {
            return .refused(reason: "access level \(key.profile) is not offered")
        }
        guard usable < limit else {
            return .refused(reason: "the vehicle has \(usable) shared keys, the limit is \(limit)")
        }
        if let end = key.notAfter, end <= key.notBefore {
            return .refused(reason: "the key ends before it begins")
        }
        return .approved
    }
}
