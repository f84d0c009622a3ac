// SPDX-License-Identifier: Apache-2.0

/// An identifier of a fixed number of bytes, written as lower-case hexadecimal in text and JSON.
public protocol ByteIdentifier: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    /// Bytes of every value.
    static var size: Int { get }
    /// The `size` bytes of this value.
    var bytes: [UInt8] { get }
    /// Keeps `bytes`, whose count the caller has checked; use `init(_:)` instead.
    init(uncheckedBytes bytes: [UInt8])
}

extension ByteIdentifier {
    /// Takes exactly `size` bytes, else throws `ByteError.length`.
    public init(_ bytes: some Sequence<UInt8>) throws(ByteError) {
        let bytes = Array(bytes)
        guard bytes.count == Self.size else {
            throw .length(expected: Self.size, actual: bytes.count)
        }
        self.init(uncheckedBytes: bytes)
    }

    /// Reads hexadecimal text of either case.
    public init(hex text: some StringProtocol) throws(ByteError) {
        try self.init([UInt8](hex: text))
    }

    /// Reads a JSON string of hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(hex: container.decode(String.self))
        } catch is ByteError {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "expected \(Self.size * 2) hexadecimal digits")
        }
    }

    /// Writes a JSON string of lower-case hexadecimal digits.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Lower-case hexadecimal digits.
    public var description: String { bytes.hex }

    /// Orders by bytes.
    public static func < (left: Self, right: Self) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// The opaque name of a vehicle, 8 bytes; only the automaker maps it to a VIN (PROTOCOL 3, F65).
public struct VehicleID: ByteIdentifier {
    /// Bytes of every value.
    public static let size = 8
    /// The bytes of this value.
    public let bytes: [UInt8]
    /// Keeps checked bytes.
    public init(uncheckedBytes bytes: [UInt8]) { self.bytes = bytes }
}

/// The name of a key: SHA-1 of its 65-byte public key, 20 bytes (PROTOCOL 2.3).
public struct KeyID: ByteIdentifier {
    /// Bytes of every value.
    public static let size = 20
    /// The bytes of this value.
    public let bytes: [UInt8]
    /// Keeps checked bytes.
    public init(uncheckedBytes bytes: [UInt8]) { self.bytes = bytes }
}

/// The vehicle-issued name of a key, 2 bytes: generation, then position 1...8 (PROTOCOL 10.5).
public struct SlotID: ByteIdentifier {
    /// Bytes of every value.
    public static let size = 2
    /// How often this position was issued before.
    public let generation: UInt8
    /// 1 for the owner's own key, 2...8 for shared keys.
    public let position: UInt8
    /// The bytes of this value.
    public var bytes: [UInt8] { [generation, position] }

    /// Keeps checked bytes.
    public init(uncheckedBytes bytes: [UInt8]) {
        self.init(generation: bytes.first ?? 0, position: bytes.last ?? 0)
    }

    /// The id of `generation` (00...FE) at `position` (1...8).
    public init(generation: UInt8, position: UInt8) {
        self.generation = generation
        self.position = position
    }
}
