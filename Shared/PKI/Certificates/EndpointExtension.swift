// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import SwiftASN1

/// Extension .4 of [H]: what a digital key is for, fixed when it was made (PROTOCOL 11.4).
///
/// ```
/// SEQUENCE { version INTEGER(1), vehicle_identifier OCTET(8), option_group_1 OCTET(1),
///            option_group_2 OCTET(1), protocol_version OCTET(2), vehicle_PK SubjectPublicKeyInfo,
///            initial_key_slot OCTET(1..8), authorized_PK SEQUENCE (1..5) OF SubjectPublicKeyInfo,
///            confidential_mailbox_size [0] INTEGER, private_mailbox_size [1] INTEGER,
///            account_info_hash OCTET(32) OPTIONAL }
/// ```
/// This profile requires authorized_PK and both sizes.
public struct EndpointExtension: DERObject {
    public var vehicleId: VehicleID
    /// Bits of PROTOCOL 7.6.
    public var optionGroup1: UInt8
    /// Bits of PROTOCOL 7.6.
    public var optionGroup2: UInt8
    /// Major and minor byte.
    public var protocolVersion: [UInt8]
    public var vehiclePK: PublicKey
    /// 1...8 bytes; `slotId` when it has the two bytes of this profile.
    public var initialKeySlot: [UInt8]
    /// J's key first, 1...5.
    public var authorizedPKs: [PublicKey]
    /// Bytes, at most 65535; whether it is what was asked for is the reader's to say.
    public var confidentialMailboxSize: Int
    /// Bytes, at most 65535.
    public var privateMailboxSize: Int
    /// 32 bytes.
    public var accountInfoHash: [UInt8]?

    /// What a secure element writes about a key it made.
    public init(
        vehicleId: VehicleID, optionGroup1: UInt8, optionGroup2: UInt8, protocolVersion: [UInt8],
        vehiclePK: PublicKey, initialKeySlot: [UInt8], authorizedPKs: [PublicKey],
        confidentialMailboxSize: Int, privateMailboxSize: Int, accountInfoHash: [UInt8]? = nil
    ) {
        self.vehicleId = vehicleId
        self.optionGroup1 = optionGroup1
        self.optionGroup2 = optionGroup2
        self.protocolVersion = protocolVersion
        self.vehiclePK = vehiclePK
        self.initialKeySlot = initialKeySlot
        self.authorizedPKs = authorizedPKs
        self.confidentialMailboxSize = confidentialMailboxSize
        self.privateMailboxSize = privateMailboxSize
        self.accountInfoHash = accountInfoHash
    }

    /// The slot id, none unless it has two bytes.
    public var slotId: SlotID? { try? SlotID(initialKeySlot) }

    /// Reads strict DER.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes, limit: Limits.certificate)
        try fields.version()
        vehicleId = try fields.identifier("vehicle_identifier")
        optionGroup1 = try fields.octets("option_group_1", 1).first ?? 0
        optionGroup2 = try fields.octets("option_group_2", 1).first ?? 0
        protocolVersion = try fields.octets("protocol_version", 2)
        vehiclePK = try CertificateParts.publicKey(fields.sequence("vehicle_PK"))
        initialKeySlot = try fields.octets("initial_key_slot", 1...8)
        var keys = try fields.sequence("authorized_PK")
        authorizedPKs = []
        while !keys.isAtEnd, authorizedPKs.count < Limits.authorizedKeys.upperBound {
            authorizedPKs.append(try CertificateParts.publicKey(keys.sequence("authorized_PK")))
        }
        try keys.end()
        guard !authorizedPKs.isEmpty else { throw .der("no authorized_PK") }
        confidentialMailboxSize = try fields.integer(
            "confidential_mailbox_size", in: 0...0xFFFF, tag: .context(0))
        privateMailboxSize = try fields.integer(
            "private_mailbox_size", in: 0...0xFFFF, tag: .context(1))
        accountInfoHash =
            fields.isNext(.octetString) ? try fields.octets("account_info_hash", 32) : nil
        try fields.end()
    }

    /// The DER of this value.
    public var encoded: [UInt8] {
        DER.Serializer.sequence { fields in
            fields.version()
            fields.identifier(vehicleId)
            fields.octets([optionGroup1])
            fields.octets([optionGroup2])
            fields.octets(protocolVersion)
            CertificateParts.write(vehiclePK, to: &fields)
            fields.octets(initialKeySlot)
            fields.sequence { keys in
                for key in authorizedPKs { CertificateParts.write(key, to: &keys) }
            }
            fields.integer(confidentialMailboxSize, tag: .context(0))
            fields.integer(privateMailboxSize, tag: .context(1))
            if let accountInfoHash { fields.octets(accountInfoHash) }
        }
    }
}
