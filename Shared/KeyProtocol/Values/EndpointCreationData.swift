// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// What the car wants the owner's endpoint to be (PROTOCOL 7.6, object 7F4A).
///
/// ```text
/// 7F4A  4D 08 vehicle id      5C 02 version          80 01 81 01 options  82 02 slot id
///       83 0F 84 0F validity  85 02 confidential     88 02 private size
///       89 41 authorized key (1...5, J first)        [8A 20 account info hash]
///       8B 41 vehicle key
/// ```
public struct EndpointCreationData: Hashable, Sendable {
    public var vehicleId: VehicleID
    public var version: ProtocolVersion
    public var options: KeyOptions
    public var slotId: SlotID
    public var notBefore: Instant
    public var notAfter: Instant
    /// Bytes, at most 2048.
    public var confidentialSize: UInt16
    /// Bytes, at most 2048.
    public var privateSize: UInt16
    /// 1...5 points of 65 bytes; the automaker root key first.
    public var authorizedKeys: [[UInt8]]
    /// 32 bytes.
    public var accountInfoHash: [UInt8]?
    /// 65 bytes.
    public var vehicleKey: [UInt8]

    /// The creation data of one pairing.
    public init(
        vehicleId: VehicleID, version: ProtocolVersion, options: KeyOptions, slotId: SlotID,
        notBefore: Instant, notAfter: Instant,
        confidentialSize: UInt16 = MailboxLayout.confidentialSize,
        privateSize: UInt16 = MailboxLayout.privateSize, authorizedKeys: [[UInt8]],
        accountInfoHash: [UInt8]? = nil, vehicleKey: [UInt8]
    ) {
        self.vehicleId = vehicleId
        self.version = version
        self.options = options
        self.slotId = slotId
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.confidentialSize = confidentialSize
        self.privateSize = privateSize
        self.authorizedKeys = authorizedKeys
        self.accountInfoHash = accountInfoHash
        self.vehicleKey = vehicleKey
    }

    /// Reads the value of 7F4A; points are checked for length only.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        let map = try TLVMap(bytes, repeatable: [0x89])
        do throws(ByteError) {
            vehicleId = try VehicleID(map[0x4D] ?? [])
            slotId = try SlotID(map[0x82] ?? [])
        } catch {
            throw map[0x4D] == nil || map[0x82] == nil ? .missing : .length
        }
        version = try ProtocolVersion(parsing: map.value(0x5C))
        options = KeyOptions(try map.byte(0x80), try map.byte(0x81))
        notBefore = try Self.time(map.value(0x83, count: 15))
        notAfter = try Self.time(map.value(0x84, count: 15))
        confidentialSize = try map.short(0x85)
        privateSize = try map.short(0x88)
        authorizedKeys = map.all(0x89)
        accountInfoHash = map[0x8A] == nil ? nil : try map.value(0x8A, count: 32)
        vehicleKey = try map.value(0x8B, count: 65)
        guard !authorizedKeys.isEmpty else { throw .missing }
        guard authorizedKeys.allSatisfy({ $0.count == 65 }) else { throw .length }
        guard options.isAllowed, notBefore < notAfter,
            authorizedKeys.count <= Limits.authorizedKeys,
            Int(confidentialSize) <= Limits.mailbox, Int(privateSize) <= Limits.mailbox
        else { throw .range }
    }

    /// The value of 7F4A.
    public var encoded: [UInt8] {
        var objects = [
            TLV(0x4D, vehicleId.bytes), TLV(0x5C, version.bytes),
            TLV(0x80, [options.transactions.rawValue]), TLV(0x81, [options.rights.rawValue]),
            TLV(0x82, slotId.bytes), TLV(0x83, Array(notBefore.generalizedTime.utf8)),
            TLV(0x84, Array(notAfter.generalizedTime.utf8)),
            TLV(0x85, confidentialSize.bigEndianBytes), TLV(0x88, privateSize.bigEndianBytes),
        ]
        objects += authorizedKeys.map { TLV(0x89, $0) }
        if let accountInfoHash { objects.append(TLV(0x8A, accountInfoHash)) }
        objects.append(TLV(0x8B, vehicleKey))
        return objects.encoded
    }

    private static func time(_ bytes: [UInt8]) throws(ProtocolError) -> Instant {
        guard let text = String(validating: bytes, as: UTF8.self),
            let time = Instant(generalizedTime: text)
        else { throw .range }
        return time
    }
}
