// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import SwiftASN1

/// The friend's fresh key, put before the owner (PROTOCOL 12.2, step 4 of 12.3).
///
/// ```
/// SEQUENCE { version INTEGER(1), chain SEQUENCE {F, E, H Certificate},
///            encryptionPK OCTET(65), encSig OCTET(64) }
/// ```
public struct KeySigningRequest: DERObject {
    /// DER of [F].
    public var externalCA: [UInt8]
    /// DER of [E].
    public var instanceCA: [UInt8]
    /// DER of [H].
    public var endpoint: [UInt8]
    /// Where the immobilizer token is to be encrypted to.
    public var encryptionPK: PublicKey
    /// Signature of the endpoint over its encryption key, 64 bytes.
    public var encryptionSignature: [UInt8]

    /// A chain and an encryption key whose proof was made by `EncryptionKeyProof`.
    public init(
        externalCA: [UInt8], instanceCA: [UInt8], endpoint: [UInt8], encryptionPK: PublicKey,
        encryptionSignature: [UInt8]
    ) {
        self.externalCA = externalCA
        self.instanceCA = instanceCA
        self.endpoint = endpoint
        self.encryptionPK = encryptionPK
        self.encryptionSignature = encryptionSignature
    }

    /// Reads strict DER; `ChainVerifier.endpoint` says whether to believe the chain.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes)
        try fields.version()
        var chain = try fields.sequence("chain")
        externalCA = try chain.encodedSequence("F")
        instanceCA = try chain.encodedSequence("E")
        endpoint = try chain.encodedSequence("H")
        try chain.end()
        encryptionPK = try fields.publicKey("encryptionPK")
        encryptionSignature = try fields.octets("encSig", 64)
        try fields.end()
    }

    /// The DER of this value.
    public var encoded: [UInt8] {
        DER.Serializer.sequence { fields in
            fields.version()
            fields.sequence { chain in
                chain.serializeRawBytes(externalCA)
                chain.serializeRawBytes(instanceCA)
                chain.serializeRawBytes(endpoint)
            }
            fields.octets(encryptionPK.bytes)
            fields.octets(encryptionSignature)
        }
    }
}

/// Proof that an encryption key belongs to an endpoint: encSig of PROTOCOL 12.2.
///
/// Signed is `93 04 5A110006` ‖ SEQUENCE { vehicleId OCTET(8), slotId OCTET(2),
/// encryptionPK OCTET(65) }.
public struct EncryptionKeyProof: Hashable, Sendable {
    public let vehicleId: VehicleID
    public let slotId: SlotID
    public let encryptionPK: PublicKey

    /// What the proof is about.
    public init(vehicleId: VehicleID, slotId: SlotID, encryptionPK: PublicKey) {
        self.vehicleId = vehicleId
        self.slotId = slotId
        self.encryptionPK = encryptionPK
    }

    /// What the endpoint signs.
    public var signatureInput: [UInt8] {
        SignatureUsage.encryptionKeyProof.tagged
            + DER.Serializer.sequence { fields in
                fields.identifier(vehicleId)
                fields.identifier(slotId)
                fields.octets(encryptionPK.bytes)
            }
    }

    /// encSig, 64 bytes.
    public func signature(by endpoint: PrivateKey) throws(PKIError) -> [UInt8] {
        do {
            return try endpoint.signature(for: signatureInput)
        } catch {
            throw .signature
        }
    }

    /// Whether `endpoint` made this encSig.
    public func isValid(_ signature: [UInt8], by endpoint: PublicKey) -> Bool {
        endpoint.isValid(signature, for: signatureInput)
    }
}
