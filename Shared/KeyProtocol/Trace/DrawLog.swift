// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import Synchronization

/// Random bytes of one side, remembered while a tap is traced, so that it can be played again.
public final class DrawLog: Sendable {
    private let source: RandomSource
    private let draws = Mutex<[TapTrace.Draw]?>(nil)

    /// Draws from `source`, and remembers nothing until told to.
    public init(_ source: RandomSource) { self.source = source }

    /// The same bytes, noted on their way.
    public var random: RandomSource {
        RandomSource { count, purpose in
            let bytes = self.source.bytes(count, for: purpose)
            self.draws.withLock { $0?.append(TapTrace.Draw(purpose: purpose, bytes: bytes)) }
            return bytes
        }
    }

    /// Begins or ends remembering.
    public func remember(_ isOn: Bool) { draws.withLock { $0 = isOn ? [] : nil } }

    /// What was drawn since this was last asked.
    public func take() -> [TapTrace.Draw] {
        draws.withLock { draws in
            defer { if draws != nil { draws = [] } }
            return draws ?? []
        }
    }
}

extension RandomSource {
    /// The draws of a trace in their order under each name, then whatever `rest` gives.
    public static func replaying(
        _ draws: [TapTrace.Draw], then rest: RandomSource = .system
    ) -> RandomSource {
        let script = Script(draws)
        return RandomSource { count, purpose in
            script.next(count, purpose) ?? rest.bytes(count, for: purpose)
        }
    }

    private final class Script: Sendable {
        private let left: Mutex<[String: ArraySlice<TapTrace.Draw>]>

        init(_ draws: [TapTrace.Draw]) {
            left = Mutex(Dictionary(grouping: draws, by: \.purpose).mapValues { $0[...] })
        }

        func next(_ count: Int, _ purpose: String) -> [UInt8]? {
            left.withLock { left in
                guard let draw = left[purpose]?.popFirst(),
                    let bytes = try? [UInt8](hex: draw.bytes), bytes.count == count
                else { return nil }
                return bytes
            }
        }
    }
}
