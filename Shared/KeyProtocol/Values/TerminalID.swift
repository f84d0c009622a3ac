// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// The TCI of a polling frame: whose reader it is, and where in the car (PROTOCOL 14).
///
/// ```text
/// 01 (cars) | make (12 bits) | position (4 bits)
/// ```
public struct TerminalID: Hashable, Sendable {
    /// Whose car it is.
    public var make: ReaderMake
    /// Where in the car.
    public var position: ReaderPosition

    /// The TCI of a reader.
    public init(_ make: ReaderMake, at position: ReaderPosition) {
        (self.make, self.position) = (make, position)
    }

    /// Reads the three bytes of a car's reader.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        guard bytes.count == 3, bytes.first == 0x01 else { throw .pollingFrame }
        let value = bytes.reduce(0) { $0 << 8 | UInt32($1) }
        make = ReaderMake(bits: UInt16(value >> 4 & 0xFFF))
        position = ReaderPosition(nibble: UInt8(value & 0xF))
    }

    /// Three bytes.
    public var bytes: [UInt8] {
        let value = UInt32(make.bits) << 4 | UInt32(position.nibble)
        return [0x01, UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
    }
}

/// Which automaker a reader says it is of, three hexadecimal digits.
public struct ReaderMake: Hashable, Sendable, CustomStringConvertible {
    let bits: UInt16

    /// The make no automaker has.
    public static let forTests = ReaderMake(bits: 0xFFF)

    init(bits: UInt16) { self.bits = bits }

    /// Reads three hexadecimal digits of either case; none for anything else.
    public init?(_ text: String) {
        guard text.utf8.count == 3, let bytes = try? [UInt8](hex: "0" + text) else { return nil }
        bits = bytes.reduce(0) { $0 << 8 | UInt16($1) }
    }

    /// Three digits, upper case.
    public var description: String { String(bits.bigEndianBytes.hex.suffix(3)).uppercased() }
}

extension ReaderMake: Codable {
    /// Reads the text of `description`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let make = ReaderMake(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected three hexadecimal digits")
        }
        self = make
    }

    /// Writes `description`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Where a reader is in the car; the numbers are this profile's own.
public enum ReaderPosition: Hashable, Sendable {
    case door, dashboard, trunk
    /// A number that means something to its automaker only.
    case other(UInt8)

    init(nibble: UInt8) {
        self =
            switch nibble {
            case 1: .door
            case 2: .dashboard
            case 3: .trunk
            default: .other(nibble)
            }
    }

    var nibble: UInt8 {
        switch self {
        case .door: 1
        case .dashboard: 2
        case .trunk: 3
        case .other(let nibble): nibble & 0xF
        }
    }
}

extension PollingFrame {
    /// The frame of a reader that offers owner pairing: subtype 09, without a group id, for a phone that
    /// comes to be paired knows no vehicle.
    public init(offeringPairing terminal: TerminalID) {
        self.init(unchecked: 0x09, terminal: terminal.bytes, readerGroup: nil)
    }

    /// The frame of a reader for phones with a key: subtype 05, with the vehicle as the group.
    public init(of terminal: TerminalID, in vehicle: VehicleID) {
        self.init(unchecked: 0x05, terminal: terminal.bytes, readerGroup: vehicle.bytes)
    }
}
