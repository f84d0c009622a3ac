// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// A short command (PROTOCOL 2.1).
///
/// ```text
/// case 1   CLA INS P1 P2
/// case 2   CLA INS P1 P2          00
/// case 3   CLA INS P1 P2 Lc data
/// case 4   CLA INS P1 P2 Lc data  00        Lc 1...255
/// ```
public struct CommandAPDU: Hashable, Sendable {
    /// `00`, `80` plain, `84` protected.
    public var cla: UInt8
    /// The instruction.
    public var ins: UInt8
    /// First parameter.
    public var p1: UInt8
    /// Second parameter.
    public var p2: UInt8
    /// 0...255 bytes.
    public var data: [UInt8]
    /// Whether Le = `00` ends the command.
    public var expectsData: Bool

    /// A command; senders set Le on all that can return data.
    public init(
        cla: UInt8, ins: UInt8, p1: UInt8 = 0, p2: UInt8 = 0, data: [UInt8] = [],
        expectsData: Bool = true
    ) {
        self.cla = cla
        self.ins = ins
        self.p1 = p1
        self.p2 = p2
        self.data = data
        self.expectsData = expectsData
    }

    /// Reads one of the four shapes; anything else is `apdu` (answer it with 6700).
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        do throws(ByteError) {
            var reader = ByteReader(bytes)
            cla = try reader.readByte()
            ins = try reader.readByte()
            p1 = try reader.readByte()
            p2 = try reader.readByte()
            data = []
            if reader.count > 1 {
                data = try reader.read(Int(reader.readByte()))
                guard !data.isEmpty else { throw ByteError.truncated(needed: 1, left: 0) }
            }
            let le = reader.readRest()
            expectsData = !le.isEmpty
            guard le.isEmpty || le == [0x00] else { throw ByteError.trailing(le.count) }
        } catch {
            throw .apdu
        }
    }

    /// The bytes on the wire.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(data.count + 6)
        bytes += [cla, ins, p1, p2]
        if !data.isEmpty {
            bytes.append(UInt8(clamping: data.count))
            bytes += data
        }
        if expectsData { bytes.append(0) }
        return bytes
    }
}

/// The instructions both sides know (PROTOCOL 4.1, 4.2).
public enum Instruction {
    /// SELECT.
    public static let select: UInt8 = 0xA4
    /// GET RESPONSE.
    public static let getResponse: UInt8 = 0xC0
    /// SPAKE2+ REQUEST.
    public static let spakeRequest: UInt8 = 0x30
    /// SPAKE2+ VERIFY.
    public static let spakeVerify: UInt8 = 0x32
    /// WRITE DATA.
    public static let writeData: UInt8 = 0xD4
    /// GET DATA.
    public static let getData: UInt8 = 0xCA
    /// CONTROL FLOW and OP CONTROL FLOW.
    public static let controlFlow: UInt8 = 0x3C
    /// AUTH0.
    public static let auth0: UInt8 = 0x80
    /// AUTH1.
    public static let auth1: UInt8 = 0x81
    /// EXCHANGE.
    public static let exchange: UInt8 = 0xC9
}
