// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// A recorded tap and the same tap played again, compared command by command and part by part.
///
/// It ends where the two stop telling the same story: after another command, or another status, what
/// follows has nothing to be compared with.
public struct TraceComparison: Equatable, Sendable {
    /// One place where the second run went otherwise.
    public struct Difference: Equatable, Sendable {
        /// Commands before it.
        public var index: Int
        /// The command it is about.
        public var title: String
        /// What differs, in words.
        public var text: String
    }

    /// Who takes part in the second run, which decides what has to be the same byte for byte.
    public enum Run: Sendable {
        /// Both sides are those of the trace and draw what they drew then.
        case sameDraws
        /// The other side is there in person, and draws anew.
        case freshPhone

        /// Parts that may differ; that they are there must not. Signatures and [H] carry a nonce
        /// that no trace has, and a MAC depends on what it protects.
        fileprivate var ownEachTime: Set<String> {
            let signatures: Set = [
                "signature of the car", "signature of the phone", "digital key [H]", "MAC",
                // Named in full where the batch ends.
                "piece of the batch",
            ]
            let drawn: Set = [
                "share X", "evidence M2", "share Y", "evidence M1", "endpoint ephemeral key",
                "fast cryptogram", "statement",
            ]
            return self == .freshPhone ? signatures.union(drawn) : signatures
        }
    }

    /// Commands that went as recorded, with their answers.
    public private(set) var equal = 0
    /// In the order they came.
    public private(set) var differences: [Difference] = []
    /// False once there is nothing left to compare.
    public private(set) var isOpen = true
    private var index = 0
    private let ownEachTime: Set<String>

    /// A comparison of nothing yet.
    public init(_ run: Run) { ownEachTime = run.ownEachTime }

    /// Compares one command and its answer; none where a side has no more.
    public mutating func compare(recorded: [AnnotatedAPDU]?, now: [AnnotatedAPDU]?) {
        guard isOpen else { return }
        guard let recorded, let now else {
            let title = (recorded ?? now)?.first?.title ?? ""
            return parted(title, recorded == nil ? "the recording ends before" : "never came")
        }
        let title = now.first?.title ?? ""
        for (was, apdu) in zip(recorded, now) {
            guard was.isCommand ? was.title == apdu.title : Self.isSameStatus(was, apdu) else {
                return parted(
                    title,
                    apdu.isCommand
                        ? "recorded was \(was.title)"
                        : "answered \(Self.status(apdu)), recorded \(Self.status(was))")
            }
        }
        let texts = zip(recorded, now).flatMap {
            differences(Self.flat($0.parts), Self.flat($1.parts))
        }
        differences += texts.map { Difference(index: index, title: title, text: $0) }
        equal += texts.isEmpty ? 1 : 0
        index += 1
    }

    private mutating func parted(_ title: String, _ text: String) {
        differences.append(Difference(index: index, title: title, text: text))
        isOpen = false
    }

    private func differences(_ recorded: [TracePart], _ now: [TracePart]) -> [String] {
        var texts: [String] = []
        for (was, part) in zip(recorded, now) {
            guard was.name == part.name else {
                return texts + ["\(part.name) came, recorded \(was.name)"]
            }
            guard was.value != part.value, !ownEachTime.contains(part.name) else { continue }
            texts.append("\(part.name) \(Self.change(from: was, to: part))")
        }
        guard recorded.count != now.count else { return texts }
        return texts + ["\(now.count) parts came, recorded \(recorded.count)"]
    }

    /// Values in full, or where long ones part.
    private static func change(from was: TracePart, to part: TracePart) -> String {
        if part.isSecret { return "differs" }
        guard max(was.value.count, part.value.count) > 16 else {
            return "is \(part.value.hex), recorded \(was.value.hex)"
        }
        let same = zip(was.value, part.value).prefix { $0 == $1 }.count
        let (then, now) = (
            was.value.dropFirst(same).prefix(8), part.value.dropFirst(same).prefix(8)
        )
        return "is \(now.hex)… from byte \(same + 1), recorded \(then.hex)…"
    }

    /// How much more there is may depend on the length of a signature.
    private static func isSameStatus(_ was: AnnotatedAPDU, _ now: AnnotatedAPDU) -> Bool {
        was.head == now.head || was.head.first == 0x61 && now.head.first == 0x61
    }

    private static func status(_ apdu: AnnotatedAPDU) -> String {
        apdu.head.isEmpty ? "nothing" : apdu.head.hex
    }

    /// What has no parts of its own: a signature inside an object must not make the object differ.
    private static func flat(_ parts: [TracePart]) -> [TracePart] {
        parts.flatMap { $0.parts.isEmpty ? [$0] : flat($0.parts) }
    }
}
