// SPDX-License-Identifier: Apache-2.0

/// Why bytes could not be read.
public enum ByteError: Error, Equatable, Sendable {
    /// Fewer bytes were left than asked for.
    case truncated(needed: Int, left: Int)
    /// Bytes were left after the last field.
    case trailing(Int)
    /// Text that is not hexadecimal with an even number of digits.
    case notHexadecimal
    /// A value that must have exactly `expected` bytes had `actual`.
    case length(expected: Int, actual: Int)
}

/// The one way this project reads bytes that came from somewhere else.
///
/// Every read is checked and throws, so no input can end the process: parsers use no subscripts.
public struct ByteReader: Sendable {
    private let bytes: [UInt8]
    private var position = 0

    /// Reads from `bytes`; an array is not copied.
    public init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    /// Bytes not read yet.
    public var count: Int { bytes.count - position }

    /// Whether everything was read.
    public var isAtEnd: Bool { count == 0 }

    /// The next byte, left in place; none at the end.
    public var next: UInt8? { isAtEnd ? nil : bytes[position] }

    /// Reads `count` bytes (0 or more).
    public mutating func read(_ count: Int) throws(ByteError) -> [UInt8] {
        guard count >= 0, count <= self.count else {
            throw .truncated(needed: count, left: self.count)
        }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// Reads one byte.
    public mutating func readByte() throws(ByteError) -> UInt8 {
        guard let byte = next else { throw .truncated(needed: 1, left: 0) }
        position += 1
        return byte
    }

    /// Reads a big-endian unsigned integer of the width of `Value`; inlinable, or other modules would
    /// run it without knowing the type.
    @inlinable
    public mutating func readInteger<Value: FixedWidthInteger & UnsignedInteger>(
        _ type: Value.Type = Value.self
    ) throws(ByteError) -> Value {
        let size = Value.bitWidth / 8
        guard size <= count else { throw .truncated(needed: size, left: count) }
        var value: Value = 0
        for _ in 0..<size { value = (value << 8) | Value(try readByte()) }
        return value
    }

    /// Reads everything that is left.
    public mutating func readRest() -> [UInt8] {
        defer { position = bytes.count }
        return Array(bytes[position...])
    }

    /// Throws `trailing` unless everything was read.
    public func expectEnd() throws(ByteError) {
        guard isAtEnd else { throw .trailing(count) }
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// The big-endian bytes of this integer, as the wire has them.
    @inlinable
    public var bigEndianBytes: [UInt8] {
        withUnsafeBytes(of: bigEndian) { Array($0) }
    }
}
