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
    private var bytes: ArraySlice<UInt8>

    /// Reads from `bytes`, which are not copied.
    public init(_ bytes: some Sequence<UInt8>) {
        self.bytes = ArraySlice(bytes)
    }

    /// Bytes not read yet.
    public var count: Int { bytes.count }

    /// Whether everything was read.
    public var isAtEnd: Bool { bytes.isEmpty }

    /// The next byte, left in place; none at the end.
    public var next: UInt8? { bytes.first }

    /// Reads `count` bytes (0 or more).
    public mutating func read(_ count: Int) throws(ByteError) -> [UInt8] {
        guard count >= 0, count <= bytes.count else {
            throw .truncated(needed: count, left: bytes.count)
        }
        defer { bytes = bytes.dropFirst(count) }
        return Array(bytes.prefix(count))
    }

    /// Reads one byte.
    public mutating func readByte() throws(ByteError) -> UInt8 {
        guard let byte = bytes.popFirst() else { throw .truncated(needed: 1, left: 0) }
        return byte
    }

    /// Reads a big-endian unsigned integer of the width of `Value`.
    public mutating func readInteger<Value: FixedWidthInteger & UnsignedInteger>(
        _ type: Value.Type = Value.self
    ) throws(ByteError) -> Value {
        var value: Value = 0
        for byte in try read(Value.bitWidth / 8) { value = (value << 8) | Value(byte) }
        return value
    }

    /// Reads everything that is left.
    public mutating func readRest() -> [UInt8] {
        defer { bytes = [] }
        return Array(bytes)
    }

    /// Throws `trailing` unless everything was read.
    public func expectEnd() throws(ByteError) {
        guard bytes.isEmpty else { throw .trailing(bytes.count) }
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// The big-endian bytes of this integer, as the wire has them.
    public var bigEndianBytes: [UInt8] {
        withUnsafeBytes(of: bigEndian) { Array($0) }
    }
}
