// SPDX-License-Identifier: Apache-2.0

/// Objects found by tag, in any order; a repeated tag is refused unless declared repeatable, and
/// unknown tags are ignored because nobody asks for them (PROTOCOL 2.2).
public struct TLVMap: Hashable, Sendable {
    private var values: [Tag: [[UInt8]]] = [:]

    /// Reads all objects of `bytes`.
    public init(_ bytes: [UInt8], repeatable: Set<Tag> = []) throws(ProtocolError) {
        for object in try TLV.list(bytes) {
            guard values[object.tag] == nil || repeatable.contains(object.tag) else {
                throw .duplicate
            }
            values[object.tag, default: []].append(object.value)
        }
    }

    /// The value of an optional object.
    public subscript(tag: Tag) -> [UInt8]? { values[tag]?.first }

    /// All values of a repeatable object, in order.
    public func all(_ tag: Tag) -> [[UInt8]] { values[tag] ?? [] }

    /// The value of a mandatory object, of exactly `count` bytes when given.
    public func value(_ tag: Tag, count: Int? = nil) throws(ProtocolError) -> [UInt8] {
        guard let value = self[tag] else { throw .missing }
        guard count == nil || value.count == count else { throw .length }
        return value
    }

    /// A mandatory one-byte object.
    public func byte(_ tag: Tag) throws(ProtocolError) -> UInt8 {
        guard let byte = try value(tag, count: 1).first else { throw .length }
        return byte
    }

    /// A mandatory two-byte object, big-endian.
    public func short(_ tag: Tag) throws(ProtocolError) -> UInt16 {
        try value(tag, count: 2).reduce(0) { $0 << 8 | UInt16($1) }
    }
}
