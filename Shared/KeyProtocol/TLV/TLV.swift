// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// One tag-length-value object (PROTOCOL 2.2).
///
/// ```text
/// tag      1 byte, or 2 when the low five bits of the first are ones (second 1F...7F)
/// length   00...7F | 81 80...FF | 82 0100...FFFF          always the shortest form
/// value    length bytes
/// ```
public struct TLV: Hashable, Sendable {
    /// What it is.
    public var tag: Tag
    /// At most 65535 bytes.
    public var value: [UInt8]

    /// An object.
    public init(_ tag: Tag, _ value: [UInt8]) {
        self.tag = tag
        self.value = value
    }

    /// An object whose value is other objects.
    public init(_ tag: Tag, _ children: [TLV]) { self.init(tag, children.encoded) }

    /// Reads the next object.
    public init(from reader: inout ByteReader) throws(ProtocolError) {
        do throws(ByteError) {
            guard let tag = try Self.readTag(from: &reader) else { throw ByteError.trailing(1) }
            guard let count = try Self.readLength(from: &reader) else {
                throw ByteError.trailing(1)
            }
            try self.init(tag, reader.read(count))
        } catch {
            throw .tlv
        }
    }

    /// Reads objects up to the end; order and repetition are the caller's business.
    public static func list(_ bytes: [UInt8]) throws(ProtocolError) -> [TLV] {
        var reader = ByteReader(bytes)
        var objects: [TLV] = []
        while !reader.isAtEnd { objects.append(try TLV(from: &reader)) }
        return objects
    }

    /// The bytes on the wire.
    public var encoded: [UInt8] { [self].encoded }

    fileprivate func append(to bytes: inout [UInt8]) {
        if tag.value > 0xFF { bytes.append(UInt8(tag.value >> 8)) }
        bytes.append(UInt8(truncatingIfNeeded: tag.value))
        switch value.count {
        case ..<0x80: bytes.append(UInt8(value.count))
        case ..<0x100: bytes += [0x81, UInt8(value.count)]
        default: bytes += [0x82] + UInt16(clamping: value.count).bigEndianBytes
        }
        bytes += value
    }

    private static func readTag(from reader: inout ByteReader) throws(ByteError) -> Tag? {
        let first = try reader.readByte()
        guard first != 0x00, first != 0xFF else { return nil }
        guard first & 0x1F == 0x1F else { return Tag(UInt16(first)) }
        let second = try reader.readByte()
        guard (0x1F...0x7F).contains(second) else { return nil }
        return Tag(UInt16(first) << 8 | UInt16(second))
    }

    private static func readLength(from reader: inout ByteReader) throws(ByteError) -> Int? {
        switch try reader.readByte() {
        case let short where short < 0x80:
            return Int(short)
        case 0x81:
            let length = try reader.readByte()
            return length >= 0x80 ? Int(length) : nil
        case 0x82:
            let length = try reader.readInteger(UInt16.self)
            return length > 0xFF ? Int(length) : nil
        default:
            return nil
        }
    }
}

extension Sequence<TLV> {
    /// The objects one after another.
    public var encoded: [UInt8] { reduce(into: []) { $1.append(to: &$0) } }
}
