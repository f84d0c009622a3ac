// SPDX-License-Identifier: Apache-2.0

import Identifiers
import Synchronization

/// Codes typed at the cars' screens, each for the next tap of a shared key that asks for one.
///
/// They are kept in memory only and for a short time; wrong ones are counted in the record.
final class ActivationCodes: Sendable {
    /// How long a code waits for its phone.
    static let life = Duration.seconds(120)

    private let codes = Mutex<[VehicleID: (code: String, until: ContinuousClock.Instant)]>([:])

    func enter(_ code: String, for id: VehicleID) {
        codes.withLock { $0[id] = (code, .now + Self.life) }
    }

    /// The code that waits; none when there is none, or it is too old.
    func code(for id: VehicleID) -> String? {
        codes.withLock { codes in
            guard let entry = codes[id], ContinuousClock.now < entry.until else {
                codes[id] = nil
                return nil
            }
            return entry.code
        }
    }

    /// A first friend transaction has used it, rightly or not.
    func use(for id: VehicleID) { codes.withLock { $0[id] = nil } }
}
