// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// The data of SPAKE2+ REQUEST, strictly in this order (PROTOCOL 5.3).
///
/// ```text
/// 5B 02 SPAKE2+ version   5C 2m vehicle's applet versions, the one of the new key first
/// 7F50 20 { C0 10 salt  C1 04 N  C2 02 r  C3 02 p }   D6 02 brand
/// ```
public struct SPAKERequest: Hashable, Sendable {
    public var spakeVersion: ProtocolVersion
    /// All the vehicle supports; the first is the one the new key shall use.
    public var appletVersions: [ProtocolVersion]
    /// 16 bytes.
    public var salt: [UInt8]
    public var N: UInt32
    public var r: UInt16
    public var p: UInt16
    /// 2 bytes; FFFF in tests.
    public var brand: [UInt8]

    /// A request.
    public init(
        spakeVersion: ProtocolVersion = .v0100, appletVersions: [ProtocolVersion],
        salt: [UInt8], N: UInt32, r: UInt16, p: UInt16, brand: [UInt8]
    ) {
        self.spakeVersion = spakeVersion
        self.appletVersions = appletVersions
        self.salt = salt
        self.N = N
        self.r = r
        self.p = p
        self.brand = brand
    }

    /// Reads the data; whether N, r, p and salt are acceptable is asked with `hasSafeCost`.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        let map = try Self.inOrder([0x5B, 0x5C, 0x7F50, 0xD6], bytes)
        let costMap = try Self.inOrder([0xC0, 0xC1, 0xC2, 0xC3], map.value(0x7F50))
        self.init(
            spakeVersion: try ProtocolVersion(parsing: map.value(0x5B)),
            appletVersions: try ProtocolVersion.list(map.value(0x5C)),
            salt: try costMap.value(0xC0, count: 16),
            N: try costMap.value(0xC1, count: 4).reduce(0) { $0 << 8 | UInt32($1) },
            r: try costMap.short(0xC2), p: try costMap.short(0xC3),
            brand: try map.value(0xD6, count: 2))
    }

    /// The objects of a table whose order is fixed; others may stand between them (PROTOCOL 2.2).
    private static func inOrder(_ tags: [Tag], _ bytes: [UInt8]) throws(ProtocolError) -> TLVMap {
        let known = try TLV.list(bytes).map(\.tag).filter(tags.contains)
        guard known == tags else { throw .order }
        return try TLVMap(bytes)
    }

    /// Whether the scrypt values are those of PROTOCOL 5.1 and the salt is not all zero.
    public var hasSafeCost: Bool {
        (4096...65536).contains(N) && N.nonzeroBitCount == 1 && r == 8 && p == 1
            && salt.contains { $0 != 0 }
    }

    /// The data field.
    public var encoded: [UInt8] {
        let cost = [
            TLV(0xC0, salt), TLV(0xC1, N.bigEndianBytes), TLV(0xC2, r.bigEndianBytes),
            TLV(0xC3, p.bigEndianBytes),
        ]
        return [
            TLV(0x5B, spakeVersion.bytes), TLV(0x5C, appletVersions.encoded),
            TLV(0x7F50, cost), TLV(0xD6, brand),
        ].encoded
    }

    /// The command.
    public var command: CommandAPDU {
        CommandAPDU(cla: 0x80, ins: Instruction.spakeRequest, data: encoded)
    }
}
