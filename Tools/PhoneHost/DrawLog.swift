// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyProtocol
internal import Synchronization

/// Random bytes of a phone, remembered while a tap is traced, so that it can be played again.
final class DrawLog: Sendable {
    private let source: RandomSource
    private let draws = Mutex<[TapTrace.Draw]?>(nil)

    init(_ source: RandomSource) { self.source = source }

    var random: RandomSource {
        RandomSource { count, purpose in
            let bytes = self.source.bytes(count, for: purpose)
            self.draws.withLock { $0?.append(TapTrace.Draw(purpose: purpose, bytes: bytes)) }
            return bytes
        }
    }

    /// Begins or ends remembering.
    func remember(_ isOn: Bool) { draws.withLock { $0 = isOn ? [] : nil } }

    /// What was drawn since this was last asked.
    func take() -> [TapTrace.Draw] {
        draws.withLock { draws in
            defer { if draws != nil { draws = [] } }
            return draws ?? []
        }
    }
}
