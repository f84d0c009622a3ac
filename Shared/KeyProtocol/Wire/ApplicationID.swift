// SPDX-License-Identifier: Apache-2.0

/// The two applications of a phone and the command that selects them (PROTOCOL 3.1).
///
/// ```text
/// 00 A4 04 00 0D <AID 13 bytes> 00
/// ```
public enum ApplicationID: CaseIterable, Sendable {
    /// The phone OS side; owner pairing.
    case framework
    /// The key container in the secure element; transactions.
    case applet

    /// The 13 bytes of the identifier.
    public var bytes: [UInt8] {
        let prefix: [UInt8] = [0xA0, 0x00, 0x00, 0x08, 0x09]
        return prefix + Array((self == .framework ? "CCCDKFv1" : "CCCDKAv1").utf8)
    }

    /// The application with exactly these bytes.
    public init?(_ bytes: [UInt8]) {
        guard let match = Self.allCases.first(where: { $0.bytes == bytes }) else { return nil }
        self = match
    }

    /// SELECT for this application.
    public var select: CommandAPDU {
        CommandAPDU(cla: 0x00, ins: Instruction.select, p1: 0x04, data: bytes)
    }
}
