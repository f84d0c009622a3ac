// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import ServiceKit
import Synchronization

/// How many mailboxes one address may make in an hour.
///
/// Addresses live in memory only, hashed with a salt that changes every day, so that neither a
/// dump nor a log links mailboxes to them.
final class CreationLimiter: Sendable {
    private struct State {
        var day: Int64 = 0
        var salt: [UInt8] = []
        var hour: Int64 = 0
        var counts: [[UInt8]: Int] = [:]
    }

    /// Addresses remembered in one hour; beyond that the newest are not counted.
    private static let addresses = 100_000

    private let state = Mutex(State())
    private let perHour: Int
    private let clock: WallClock
    private let random: RandomSource

    init(perHour: Int, clock: WallClock, random: RandomSource) {
        self.perHour = perHour
        self.clock = clock
        self.random = random
    }

    /// Counts one mailbox of `address`, or throws `tooMany`.
    func count(_ address: String) throws(RelayError) {
        let now = clock.now.secondsSinceEpoch
        let isAllowed = state.withLock { state in
            if state.salt.isEmpty || state.day != now / 86_400 {
                state.day = now / 86_400
                state.salt = random.bytes(32, for: "address salt")
                state.counts = [:]
            }
            if state.hour != now / 3600 {
                state.hour = now / 3600
                state.counts = [:]
            }
            let key = sha256(state.salt + Array(address.utf8))
            let used = state.counts[key] ?? 0
            guard used < perHour else { return false }
            if used > 0 || state.counts.count < Self.addresses { state.counts[key] = used + 1 }
            return true
        }
        guard isAllowed else { throw .tooMany(3600 - now % 3600) }
    }
}
