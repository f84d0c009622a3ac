// SPDX-License-Identifier: Apache-2.0

import Identifiers
import Synchronization
import TestKit

/// Draws by name, in the order of a vector file; the system's generator when the script is empty.
final class ScriptedRandom: Sendable {
    private let draws: Mutex<[(name: String, value: [UInt8])]>

    init(_ draws: [(name: String, value: [UInt8])]) { self.draws = Mutex(draws) }

    /// `randomDraws` of a trace.
    convenience init(_ draws: [VectorValue]) throws {
        self.init(try draws.map { (try $0.text("name"), try $0.hex("value")) })
    }

    var source: RandomSource {
        RandomSource { count, purpose in
            let scripted = self.draws.withLock { draws -> [UInt8]? in
                guard let index = draws.firstIndex(where: { $0.name == purpose }) else {
                    return nil
                }
                return draws.remove(at: index).value
            }
            return scripted ?? RandomSource.system.bytes(count, for: purpose)
        }
    }
}
