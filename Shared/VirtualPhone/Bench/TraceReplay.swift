// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
public import KeyProtocol
internal import Synchronization

/// A trace played again: the car's recorded commands meet the phone of the trace as this code is,
/// with the same clock and the same random bytes, and every answer is compared part by part.
public struct TraceReplay: Sendable {
    /// The first place where the phone answered otherwise.
    public struct Difference: Equatable, Sendable {
        /// Commands before it.
        public var index: Int
        /// The command it is about.
        public var title: String
        /// What differs, in words.
        public var text: String
    }

    /// Commands that were answered as recorded.
    public private(set) var equal = 0
    /// None when all were.
    public private(set) var difference: Difference?

    /// What two runs cannot share: a signature draws a nonce of its own, and [H] carries one.
    private static let ownEachTime: Set = ["signature of the phone", "digital key [H]", "MAC"]

    /// Plays `trace` against the phone it began with.
    public init(_ trace: TapTrace, snapshot: PhoneCard.Snapshot) {
        let draws = ScriptedDraws(trace.lines.flatMap { $0.draws ?? [] })
        var card = PhoneCard(snapshot: snapshot, random: draws.source)
        card.conditions.isUnlocked = trace.header.isUnlocked ?? false
        card.conditions.frameworkRuns = !(trace.header.powerReserve ?? false)
        var annotator = APDUAnnotator()
        for (line, recorded) in trace.annotated() {
            guard let text = line.command, let command = try? [UInt8](hex: text) else {
                if line.fieldLost == true { card.fieldLost() }
                continue
            }
            let response = card.respond(to: command, at: line.at ?? trace.header.at)
            let now = annotator.annotate(
                command: command, response: response, keys: line.keys == nil ? nil : card.traceKeys)
            if let text = Self.difference(recorded, now) {
                difference = Difference(index: equal, title: now.first?.title ?? "", text: text)
                return
            }
            equal += 1
        }
    }

    private static func difference(_ recorded: [AnnotatedAPDU], _ now: [AnnotatedAPDU]) -> String? {
        guard let before = recorded.last, let after = now.last else { return "no answer" }
        guard before.head == after.head || before.head.first == 0x61 && after.head.first == 0x61
        else { return "answered \(after.head.hex), recorded \(before.head.hex)" }
        let (old, new) = (flat(before.parts), flat(after.parts))
        for (was, part) in zip(old, new) {
            guard was.name == part.name else {
                return "\(part.name) came, recorded \(was.name)"
            }
            guard was.value == part.value || ownEachTime.contains(part.name) else {
                return part.isSecret
                    ? "\(part.name) differs"
                    : "\(part.name) is \(part.value.hex), recorded \(was.value.hex)"
            }
        }
        return old.count == new.count ? nil : "\(new.count) parts came, recorded \(old.count)"
    }

    /// What has no parts of its own: a signature inside an object must not make the object differ.
    private static func flat(_ parts: [TracePart]) -> [TracePart] {
        parts.flatMap { $0.parts.isEmpty ? [$0] : flat($0.parts) }
    }
}

/// Random bytes as a trace has them; ones when it has no more, which makes scalars too.
private final class ScriptedDraws: Sendable {
    private let rest: Mutex<[String: [[UInt8]]]>

    init(_ draws: [TapTrace.Draw]) {
        var rest: [String: [[UInt8]]] = [:]
        for draw in draws {
            rest[draw.purpose, default: []].append((try? [UInt8](hex: draw.bytes)) ?? [])
        }
        self.rest = Mutex(rest)
    }

    var source: RandomSource {
        RandomSource { count, purpose in
            self.rest.withLock { rest in
                guard let value = rest[purpose]?.first, value.count == count else {
                    return [UInt8](repeating: 1, count: count)
                }
                rest[purpose]?.removeFirst()
                return value
            }
        }
    }
}
