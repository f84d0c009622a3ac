// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import Synchronization

/// Makes pairing passwords, for two accounts at a time and one at a time for each. A password costs a
/// scrypt of 32 MiB and a tenth of a second of a processor: a flood of requests must not become a flood
/// of memory, and an account that asks again and again must not keep the others out.
final class PasswordMaker: Sendable {
    private let random: RandomSource
    private let served = Mutex<Set<String>>([])
    private let limit = 2

    init(random: RandomSource) { self.random = random }

    /// Runs `body` in a place of `account`; throws `busy` when it has one, or when all are taken.
    func serve<Result>(
        _ account: String, _ body: () async throws -> Result
    ) async throws -> Result {
        let admitted = served.withLock { served in
            served.count < limit && served.insert(account).inserted
        }
        guard admitted else { throw RegistryError.busy }
        defer { served.withLock { _ = $0.remove(account) } }
        return try await body()
    }

    /// A fresh password, made on a thread of its own: those of the pool are as few as the processors,
    /// and all else waits for them.
    func make() async throws -> PairingPassword {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [random] in
                continuation.resume(with: Result { try PairingPassword(random: random) })
            }
        }
    }
}
