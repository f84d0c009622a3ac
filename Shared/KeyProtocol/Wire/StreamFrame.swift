// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// One frame of the stream transport (PROTOCOL 18), the same both ways.
///
/// ```text
/// type(1) ‖ id(1) ‖ length(2, big-endian) ‖ data(length)         at most 512 bytes of data
///
/// 01 0B 0013 00A404000DA000000809434343444B41763100              SELECT for the secure element
/// ```
public struct StreamFrame: Hashable, Sendable {
    /// Whom it is for.
    public var type: Kind
    /// What it is, per type.
    public var id: UInt8
    /// Its content.
    public var data: [UInt8]

    /// A frame; senders keep `data` within `Limits.streamData`.
    public init(_ type: Kind, _ id: UInt8, _ data: [UInt8] = []) {
        self.type = type
        self.id = id
        self.data = data
    }

    /// A command APDU for the applet.
    public static func command(_ bytes: [UInt8]) -> StreamFrame {
        StreamFrame(.secureElement, ID.command, bytes)
    }

    /// A response APDU of the applet.
    public static func response(_ bytes: [UInt8]) -> StreamFrame {
        StreamFrame(.secureElement, ID.response, bytes)
    }

    /// The types; others are skipped by who does not know them.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The byte on the wire.
        public let rawValue: UInt8
        /// Any byte.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// APDUs for the framework.
        public static let framework = Kind(rawValue: 0x00)
        /// APDUs for the applet in the secure element.
        public static let secureElement = Kind(rawValue: 0x01)
        /// Ranging; see `RangingMessage`.
        public static let ranging = Kind(rawValue: 0x02)
        /// Events.
        public static let event = Kind(rawValue: 0x03)
        /// The automaker's app.
        public static let app = Kind(rawValue: 0x04)
        /// Supplementary services.
        public static let supplementary = Kind(rawValue: 0x05)
        /// Pairing with the head unit.
        public static let headUnit = Kind(rawValue: 0x06)
    }

    /// Ids of types 0 and 1.
    public enum ID {
        /// An APDU of the car.
        public static let command: UInt8 = 0x0B
        /// The phone's answer.
        public static let response: UInt8 = 0x0C
    }

    /// Reads exactly one frame.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        var reader = ByteReader(bytes)
        guard let frame = try Self.next(in: &reader), reader.isAtEnd else { throw .length }
        self = frame
    }

    /// The bytes on the wire.
    public var encoded: [UInt8] {
        [type.rawValue, id] + UInt16(clamping: data.count).bigEndianBytes + data
    }

    /// The next frame; none when more bytes have to come first, and then nothing was read.
    static func next(in reader: inout ByteReader) throws(ProtocolError) -> StreamFrame? {
        var ahead = reader
        guard let type = try? ahead.readByte(), let id = try? ahead.readByte(),
            let length = try? ahead.readInteger(UInt16.self)
        else { return nil }
        guard Int(length) <= Limits.streamData else { throw .length }
        guard let data = try? ahead.read(Int(length)) else { return nil }
        reader = ahead
        return StreamFrame(Kind(rawValue: type), id, data)
    }
}

/// Cuts what a stream delivers into frames, however it was cut on its way.
public struct StreamBuffer: Sendable {
    private var reader = ByteReader([])

    /// Nothing yet.
    public init() {}

    /// Takes up bytes that arrived.
    public mutating func append(_ bytes: [UInt8]) {
        reader = ByteReader(reader.readRest() + bytes)
    }

    /// The next whole frame; throws `length` for one that is too long, and the stream is of no more use.
    public mutating func next() throws(ProtocolError) -> StreamFrame? {
        try StreamFrame.next(in: &reader)
    }
}
