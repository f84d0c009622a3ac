// SPDX-License-Identifier: Apache-2.0

import Identifiers
import Synchronization

/// Makes pairing passwords, two at a time at most: each costs a scrypt of 32 MiB, so that a flood of
/// requests must not become a flood of memory.
final class PasswordMaker: Sendable {
    private let random: RandomSource
    private let running = Mutex(0)
    private let limit = 2

    init(random: RandomSource) { self.random = random }

    /// A fresh password; throws `busy` when two are being made.
    func make() async throws -> PairingPassword {
        let admitted = running.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        guard admitted else { throw RegistryError.busy }
        defer { running.withLock { $0 -= 1 } }
        return try await Task.detached { [random] in try PairingPassword(random: random) }.value
    }
}
