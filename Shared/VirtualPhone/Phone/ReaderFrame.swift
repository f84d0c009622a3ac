// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyProtocol

/// What a virtual reader says (PROTOCOL 20).
///
/// ```text
/// both ways: length(2, big-endian) || bytes
/// 00 off, 01 on, 02 reset: no answer   04: answer ATR   longer: command, answer response
/// 6A 02 … with a good checksum: polling frame, no answer
/// ```
public enum ReaderFrame: Equatable, Sendable {
    case powerOff, powerOn, reset
    case atrRequest
    /// At least two bytes.
    case command([UInt8])
    /// A polling frame; none when it is of a kind nobody here knows.
    case announcement(PollingFrame?)

    /// Bytes of the longest frame that is read; APDUs of this protocol have at most 261.
    public static let limit = 4096
    /// Answer to reset of a phone.
    public static let atr: [UInt8] = [0x3B, 0x80, 0x80, 0x01, 0x01]

    /// Why bytes are no frame; prints as what came instead.
    public enum Refusal: Error, Equatable, CustomStringConvertible {
        case empty
        case unknownByte(UInt8)
        /// The stream is of no more use.
        case tooLong(Int)

        public var description: String {
            switch self {
            case .empty: "a frame without content"
            case .unknownByte(let byte): "the single byte \([byte].hex)"
            case .tooLong(let count): "\(count) bytes at once"
            }
        }
    }

    /// Reads the content of one frame.
    public init(_ bytes: [UInt8]) throws(Refusal) {
        guard bytes.count < 2 else {
            self =
                PollingFrame.isIntact(bytes)
                ? .announcement(try? PollingFrame(parsing: bytes)) : .command(bytes)
            return
        }
        switch bytes.first {
        case 0x00: self = .powerOff
        case 0x01: self = .powerOn
        case 0x02: self = .reset
        case 0x04: self = .atrRequest
        case let byte?: throw .unknownByte(byte)
        case nil: throw .empty
        }
    }
}

/// Cuts what a virtual reader sends into frames, however it was cut on its way.
public struct ReaderBuffer: Sendable {
    private var reader = ByteReader([])

    /// Nothing yet.
    public init() {}

    /// Takes up bytes that arrived.
    public mutating func append(_ bytes: [UInt8]) {
        reader = ByteReader(reader.readRest() + bytes)
    }

    /// The next whole frame; none when more bytes have to come first.
    public mutating func next() throws(ReaderFrame.Refusal) -> ReaderFrame? {
        var ahead = reader
        guard let length = try? ahead.readInteger(UInt16.self) else { return nil }
        guard Int(length) <= ReaderFrame.limit else { throw .tooLong(Int(length)) }
        guard let bytes = try? ahead.read(Int(length)) else { return nil }
        reader = ahead
        return try ReaderFrame(bytes)
    }
}
