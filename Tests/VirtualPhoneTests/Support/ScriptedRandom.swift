// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import Synchronization

/// Random bytes from a script, per purpose, and a reproducible stream for what it does not name.
final class ScriptedRandom: Sendable {
    private struct Script {
        var named: [String: [[UInt8]]] = [:]
        var counter: UInt64 = 0
    }

    private let script: Mutex<Script>
    private let seed: [UInt8]

    init(_ draws: [(name: String, value: [UInt8])] = [], seed: String = "phone") {
        var script = Script()
        for draw in draws { script.named[draw.name, default: []].append(draw.value) }
        self.script = Mutex(script)
        self.seed = Array(seed.utf8)
    }

    var source: RandomSource {
        RandomSource { count, purpose in self.next(count, purpose) }
    }

    private func next(_ count: Int, _ purpose: String) -> [UInt8] {
        script.withLock { script in
            if let value = script.named[purpose]?.first, value.count == count {
                script.named[purpose]?.removeFirst()
                return value
            }
            script.counter += 1
            return hkdf(
                seed + script.counter.bigEndianBytes, info: Array(purpose.utf8), count: count)
        }
    }
}
