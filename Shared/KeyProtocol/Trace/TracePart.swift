// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// A named run of bytes: a TLV object, a header, a field of a mailbox.
public struct TracePart: Equatable, Sendable {
    /// Tag and length as on the wire; empty for what has none.
    public var head: [UInt8]
    /// The bytes themselves; shown unless `parts` shows them.
    public var value: [UInt8]
    /// What the protocol calls it.
    public var name: String
    /// What this value says.
    public var meaning: String?
    /// Key material, tokens: shown on purpose only.
    public var isSecret: Bool
    /// What it is made of.
    public var parts: [TracePart]

    /// A part; `parts` replace the value where there are any.
    public init(
        head: [UInt8] = [], _ value: [UInt8] = [], _ name: String, meaning: String? = nil,
        isSecret: Bool = false, parts: [TracePart] = []
    ) {
        self.head = head
        self.value = value
        self.name = name
        self.meaning = meaning
        self.isSecret = isSecret
        self.parts = parts
    }
}

/// A command or an answer, named down to the last byte.
public struct AnnotatedAPDU: Equatable, Sendable {
    /// Whether the car sent it.
    public var isCommand: Bool
    /// Header of a command, status word of an answer.
    public var head: [UInt8]
    /// For instance `AUTH0: fast, unlock`.
    public var title: String
    public var parts: [TracePart]
}

// MARK: - Text

/// How parts are written for people.
public struct TraceText: Sendable {
    /// Whether secret values are shown.
    public var reveals: Bool
    /// Whether long values are shown whole.
    public var isFull: Bool

    /// Columns for the bytes, before the names.
    static let column = 42

    /// Secrets hidden and long values cut, unless told otherwise.
    public init(reveals: Bool = false, isFull: Bool = false) {
        self.reveals = reveals
        self.isFull = isFull
    }

    /// Lines of one APDU: `> ` from the car, `< ` from the phone.
    public func lines(_ apdu: AnnotatedAPDU) -> [String] {
        let left = (apdu.isCommand ? "> " : "< ") + Self.blocks(apdu.head)
        return [row(left, apdu.title)] + apdu.parts.flatMap { lines($0, indent: 4) }
    }

    /// Lines of one part and of all inside it.
    public func lines(_ part: TracePart, indent: Int = 0) -> [String] {
        let name = [part.name, part.meaning].compactMap(\.self).joined(separator: ": ")
        let margin = String(repeating: " ", count: indent)
        guard part.parts.isEmpty else {
            let left = margin + Self.head(part.head)
            return [row(left, name)] + part.parts.flatMap { lines($0, indent: indent + 4) }
        }
        let head = part.head.isEmpty ? "" : Self.head(part.head) + " "
        return [row(margin + head + value(part), name)]
    }

    private func row(_ left: String, _ right: String) -> String {
        let gap = max(2, Self.column - left.count)
        return right.isEmpty ? left : left + String(repeating: " ", count: gap) + right
    }

    private func value(_ part: TracePart) -> String {
        if part.isSecret && !reveals { return "(\(part.value.count) secret bytes)" }
        guard part.value.count > 16, !isFull else { return part.value.hex }
        return "\(part.value.prefix(4).hex)…\(part.value.suffix(4).hex)"
    }

    private static func blocks(_ bytes: [UInt8]) -> String {
        bytes.map { [$0].hex.uppercased() }.joined(separator: " ")
    }

    /// Tag, then length: `7F50 20`.
    private static func head(_ head: [UInt8]) -> String {
        let tag = head.first.map { $0 & 0x1F == 0x1F ? 2 : 1 } ?? 0
        return [head.prefix(tag), head.dropFirst(tag)].map { Array($0).hex.uppercased() }
            .joined(separator: " ")
    }
}
