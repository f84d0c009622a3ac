// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// Objects found by tag, in any order; a repeated tag is refused unless declared repeatable, and
/// unknown tags are ignored because nobody asks for them (PROTOCOL 2.2).
public struct TLVMap: Hashable, Sendable {
    private var objects: [TLV] = []

    /// Reads all objects of `bytes`.
    public init(_ bytes: [UInt8], repeatable: Set<Tag> = []) throws(ProtocolError) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            let object = try TLV(from: &reader)
            guard self[object.tag] == nil || repeatable.contains(object.tag) else {
                throw .duplicate
            }
            objects.append(object)
        }
    }

    /// The value of an optional object.
    public subscript(tag: Tag) -> [UInt8]? { objects.first { $0.tag == tag }?.value }

    /// All values of a repeatable object, in order.
    public func all(_ tag: Tag) -> [[UInt8]] {
        objects.compactMap { $0.tag == tag ? $0.value : nil }
    }

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
