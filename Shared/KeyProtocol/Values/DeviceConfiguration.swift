// SPDX-License-Identifier: Apache-2.0

/// What the phone should know about the vehicle line (PROTOCOL 7.7, object 7F4E).
///
/// ```text
/// 7F4E  [80 01 activation code length]  [81 n routing id]  82 01 DA  83 01 profiles
///       84 01 key tracking  [85 n display name]  [86 n model image id]
/// ```
public struct DeviceConfiguration: Hashable, Sendable, Codable {
    /// Digits of the activation code: 6, or 0 for none.
    public var activationCodeLength: UInt8?
    /// Automaker server, UTF-8, at most 32 bytes.
    public var routingId: String?
    /// Where tokens and slots come from.
    public var tokenMode: TokenMode
    /// Profiles that may be shared; bit n = profile n.
    public var sharingProfiles: UInt8
    /// When the key must be registered.
    public var keyTracking: KeyTracking
    /// UTF-8, at most 30 bytes.
    public var displayName: String?
    /// UTF-8, at most 40 bytes.
    public var imageId: String?

    /// `DA`.
    public enum TokenMode: UInt8, Sendable, Codable, CaseIterable {
        case offline = 0x00
        case onlineToken = 0x01
        case onlineSlot = 0x03
    }

    /// Tag 84.
    public enum KeyTracking: UInt8, Sendable, Codable, CaseIterable {
        case none = 0x00
        case beforeDrive = 0x01
        case whenPossible = 0x02
    }

    /// A configuration; texts that are too long are refused by whoever reads it.
    public init(
        activationCodeLength: UInt8? = 6, routingId: String? = nil,
        tokenMode: TokenMode = .offline, sharingProfiles: UInt8 = 0x7E,
        keyTracking: KeyTracking = .whenPossible, displayName: String? = nil,
        imageId: String? = nil
    ) {
        self.activationCodeLength = activationCodeLength
        self.routingId = routingId
        self.tokenMode = tokenMode
        self.sharingProfiles = sharingProfiles
        self.keyTracking = keyTracking
        self.displayName = displayName
        self.imageId = imageId
    }

    /// Reads the value of 7F4E.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        let map = try TLVMap(bytes)
        guard let tokenMode = TokenMode(rawValue: try map.byte(0x82)),
            let keyTracking = KeyTracking(rawValue: try map.byte(0x84))
        else { throw .range }
        self.init(
            activationCodeLength: map[0x80] == nil ? nil : try map.byte(0x80),
            routingId: try Self.text(map[0x81], limit: 32), tokenMode: tokenMode,
            sharingProfiles: try map.byte(0x83), keyTracking: keyTracking,
            displayName: try Self.text(map[0x85], limit: 30),
            imageId: try Self.text(map[0x86], limit: 40))
        guard [nil, 0, 6].contains(activationCodeLength) else { throw .range }
    }

    /// The value of 7F4E.
    public var encoded: [UInt8] {
        let objects: [TLV?] = [
            activationCodeLength.map { TLV(0x80, [$0]) },
            routingId.map { TLV(0x81, Array($0.utf8)) },
            TLV(0x82, [tokenMode.rawValue]), TLV(0x83, [sharingProfiles]),
            TLV(0x84, [keyTracking.rawValue]),
            displayName.map { TLV(0x85, Array($0.utf8)) },
            imageId.map { TLV(0x86, Array($0.utf8)) },
        ]
        return objects.compactMap(\.self).encoded
    }

    private static func text(_ bytes: [UInt8]?, limit: Int) throws(ProtocolError) -> String? {
        guard let bytes else { return nil }
        guard bytes.count <= limit else { throw .length }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .range }
        return text
    }
}
