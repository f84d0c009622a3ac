// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import Synchronization

/// Makes pairing passwords, two at a time and one per vehicle at most. Each costs a scrypt of 32 MiB and
/// a tenth of a second of a processor: a flood of requests must not become a flood of memory, and one
/// account that asks again and again must not keep the others out.
final class PasswordMaker: Sendable {
    private let random: RandomSource
    private let running = Mutex<Set<VehicleID>>([])
    private let limit = 2

    init(random: RandomSource) { self.random = random }

    /// A fresh password for `vehicle`; throws `busy` when two are being made, or one for it.
    func make(for vehicle: VehicleID) async throws -> PairingPassword {
        let admitted = running.withLock { running in
            running.count < limit && running.insert(vehicle).inserted
        }
        guard admitted else { throw RegistryError.busy }
        defer { running.withLock { _ = $0.remove(vehicle) } }
        // A thread of its own: those of the pool are as few as the processors, and all else waits
        // for them.
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [random] in
                continuation.resume(with: Result { try PairingPassword(random: random) })
            }
        }
    }
}
