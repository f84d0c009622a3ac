// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// The frame a reader sends between its polls so that phones present the right key (PROTOCOL 14).
///
/// ```text
/// 6A 02 config 02 subtype TCI(3) [reader group id(8)] CRC_A(2, low byte first)
///       config: C3 without id, CB with id
/// ```
public struct PollingFrame: Hashable, Sendable {
    /// 01, 08 transaction; 05, 0A with id; 09 pairing; 0B pairing with id.
    public var subtype: UInt8
    /// 3 bytes; the first is 01 for cars.
    public var terminal: [UInt8]
    /// 8 bytes, or none.
    public var readerGroup: [UInt8]?

    /// A frame of a subtype and a TCI; the id must fit the subtype.
    public init(subtype: UInt8, terminal: [UInt8], readerGroup: [UInt8]?) throws(ProtocolError) {
        let needsGroup = [0x05, 0x0A, 0x0B].contains(subtype)
        guard needsGroup || [0x01, 0x08, 0x09].contains(subtype),
            terminal.count == 3, needsGroup == (readerGroup != nil),
            readerGroup.map({ $0.count == 8 }) ?? true
        else { throw .pollingFrame }
        self.subtype = subtype
        self.terminal = terminal
        self.readerGroup = readerGroup
    }

    init(unchecked subtype: UInt8, terminal: [UInt8], readerGroup: [UInt8]?) {
        self.subtype = subtype
        self.terminal = terminal
        self.readerGroup = readerGroup
    }

    /// Whether the reader offers owner pairing.
    public var isPairing: Bool { subtype == 0x09 || subtype == 0x0B }

    /// Reads a frame, checksum included.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        do throws(ByteError) {
            var reader = ByteReader(bytes)
            let header = try reader.read(2)
            let config = try reader.readByte()
            let type = try reader.readByte()
            let subtype = try reader.readByte()
            let terminal = try reader.read(3)
            let group = config & 0x0F == 0x0B ? try reader.read(8) : nil
            let crc = try reader.read(2)
            try reader.expectEnd()
            guard header == [0x6A, 0x02], type == 0x02, config & 0x30 == 0,
                [0x03, 0x0B].contains(config & 0x0F)
            else { throw ByteError.trailing(0) }
            guard crc == Self.crc(Array(bytes.dropLast(2))) else {
                throw ByteError.length(expected: 2, actual: 2)
            }
            do throws(ProtocolError) {
                try self.init(subtype: subtype, terminal: terminal, readerGroup: group)
            } catch {
                throw ByteError.trailing(0)
            }
        } catch {
            throw error == .length(expected: 2, actual: 2) ? .crc : .pollingFrame
        }
    }

    /// Whether these bytes begin like a polling frame and end with the right checksum.
    public static func isIntact(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x6A, 0x02]) && bytes.count > 4
            && crc(Array(bytes.dropLast(2))) == Array(bytes.suffix(2))
    }

    /// The frame with its checksum.
    public var encoded: [UInt8] {
        let body =
            [0x6A, 0x02, readerGroup == nil ? 0xC3 : 0xCB, 0x02, subtype] + terminal
            + (readerGroup ?? [])
        return body + Self.crc(body)
    }

    /// CRC_A of ISO 14443-3: polynomial 8408 reflected, start 6363, low byte first.
    public static func crc(_ bytes: [UInt8]) -> [UInt8] {
        var crc: UInt16 = 0x6363
        for byte in bytes {
            crc ^= UInt16(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x8408 : crc >> 1 }
        }
        return crc.bigEndianBytes.reversed()
    }
}
