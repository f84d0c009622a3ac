// SPDX-License-Identifier: Apache-2.0

/// The framework's answer to SELECT (PROTOCOL 3.2).
///
/// ```text
/// 5A 2n SPAKE2+ versions   5C 2m applet versions   D4 01 00 | 02      highest version first
/// ```
public struct FrameworkSelection: Hashable, Sendable {
    public var spakeVersions: [ProtocolVersion]
    public var appletVersions: [ProtocolVersion]
    /// D4 = 02: pairing mode, and the password was entered.
    public var isReadyForPairing: Bool

    /// An answer.
    public init(
        spakeVersions: [ProtocolVersion] = [.v0100], appletVersions: [ProtocolVersion],
        isReadyForPairing: Bool
    ) {
        self.spakeVersions = spakeVersions
        self.appletVersions = appletVersions
        self.isReadyForPairing = isReadyForPairing
    }

    /// Reads the body of the response.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        let map = try TLVMap(bytes)
        self.init(
            spakeVersions: try ProtocolVersion.list(map.value(0x5A)),
            appletVersions: try ProtocolVersion.list(map.value(0x5C)),
            isReadyForPairing: try map.byte(0xD4) == 0x02)
    }

    /// The body of the response.
    public var encoded: [UInt8] {
        [
            TLV(0x5A, spakeVersions.encoded), TLV(0x5C, appletVersions.encoded),
            TLV(0xD4, [isReadyForPairing ? 0x02 : 0x00]),
        ].encoded
    }
}
