// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import SwiftASN1

/// The owner's word that a friend's key may use the car, signed by the owner's endpoint.
public typealias Attestation = Signed<AttestationBody>

/// The signed part of an Attestation (PROTOCOL 12.2).
///
/// ```
/// SEQUENCE { version INTEGER(1), vehicleId OCTET(8), ownerKeyId OCTET(20), friendKeyId OCTET(20),
///            friendPK OCTET(65), slotId OCTET(2), protocolVersion OCTET(2), keyConfig KeyConfig,
///            issuedAt GeneralizedTime, nonce OCTET(16), activationTag [0] OCTET(16) OPTIONAL }
/// ```
public struct AttestationBody: SignedBody {
    /// Constant 5A110001.
    public static let usage = SignatureUsage.entitlement
    /// 766 bytes.
    public static let sizeLimit = Limits.attestation

    public var vehicleId: VehicleID
    public var ownerKeyId: KeyID
    public var friendKeyId: KeyID
    public var friendPK: PublicKey
    public var slotId: SlotID
    /// Version of the friend's key, major and minor byte.
    public var protocolVersion: [UInt8]
    public var keyConfig: KeyConfig
    public var issuedAt: Instant
    /// 16 random bytes.
    public var nonce: [UInt8]
    /// 16 bytes over the activation code (PROTOCOL 12.3), when there is one.
    public var activationTag: [UInt8]?

    /// The words of an owner; `friendKeyId` follows from `friendPK`.
    public init(
        vehicleId: VehicleID, ownerKeyId: KeyID, friendPK: PublicKey, slotId: SlotID,
        protocolVersion: [UInt8], keyConfig: KeyConfig, issuedAt: Instant, nonce: [UInt8],
        activationTag: [UInt8]? = nil
    ) {
        self.vehicleId = vehicleId
        self.ownerKeyId = ownerKeyId
        self.friendKeyId = friendPK.keyId
        self.friendPK = friendPK
        self.slotId = slotId
        self.protocolVersion = protocolVersion
        self.keyConfig = keyConfig
        self.issuedAt = issuedAt
        self.nonce = nonce
        self.activationTag = activationTag
    }

    /// Reads strict DER; whether `friendKeyId` fits `friendPK` is for `Attestation.verify`.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes, limit: Limits.attestation)
        try fields.version()
        vehicleId = try fields.identifier("vehicleId")
        ownerKeyId = try fields.identifier("ownerKeyId")
        friendKeyId = try fields.identifier("friendKeyId")
        friendPK = try fields.publicKey("friendPK")
        slotId = try fields.identifier("slotId")
        protocolVersion = try fields.octets("protocolVersion", 2)
        keyConfig = try KeyConfig(parsing: fields.encodedSequence("keyConfig"))
        issuedAt = try fields.time("issuedAt")
        nonce = try fields.octets("nonce", 16)
        activationTag =
            fields.isNext(.context(0))
            ? try fields.octets("activationTag", 16, tag: .context(0)) : nil
        try fields.end()
    }

    /// The DER of this value.
    public var encoded: [UInt8] {
        DER.Serializer.sequence { fields in
            fields.version()
            fields.identifier(vehicleId)
            fields.identifier(ownerKeyId)
            fields.identifier(friendKeyId)
            fields.octets(friendPK.bytes)
            fields.identifier(slotId)
            fields.octets(protocolVersion)
            fields.serializeRawBytes(keyConfig.encoded)
            fields.time(issuedAt)
            fields.octets(nonce)
            if let activationTag { fields.octets(activationTag, tag: .context(0)) }
        }
    }
}

extension Signed<AttestationBody> {
    /// The checks that need nothing but the owner's key: whose word it is, its signature, and that
    /// the friend's key identifier is that of the friend's key, in the order of PROTOCOL 10.6.
    public func verify(by owner: PublicKey) throws(PKIError) {
        guard body.ownerKeyId == owner.keyId else { throw .keyId }
        try requireSignature(by: owner)
        guard body.friendKeyId == body.friendPK.keyId else { throw .keyId }
    }

    /// Check 3 of the first friend transaction (PROTOCOL 10.6) up to the profile; the endpoint
    /// signature under `friendPK` and the times are the car's to check after it.
    public func verify(
        by owner: PublicKey, vehicleId: VehicleID, slotId: SlotID, selectedVersion: [UInt8]
    ) throws(PKIError) {
        guard body.vehicleId == vehicleId else { throw .mismatch("another vehicle") }
        try verify(by: owner)
        guard body.slotId == slotId else { throw .mismatch("another slot") }
        guard !selectedVersion.lexicographicallyPrecedes(body.protocolVersion) else {
            throw .mismatch("a later protocol version than the one selected")
        }
        guard body.keyConfig.profile != .owner else { throw .mismatch("profile owner") }
    }
}
