// SPDX-License-Identifier: Apache-2.0

public import KeyCrypto
internal import SwiftASN1

/// The signed part of an object of PROTOCOL 12.2.
public protocol SignedBody: DERObject {
    /// What the signature stands for.
    static var usage: SignatureUsage { get }
    /// Most bytes of the signed object.
    static var sizeLimit: Int { get }
}

/// `SEQUENCE { body, sig OCTET(64) }`: an object and who vouches for it (PROTOCOL 12.1).
///
/// The fields of the body are fields of the object: `attestation.vehicleId`.
@dynamicMemberLookup
public struct Signed<Body: SignedBody>: DERObject {
    /// What was signed.
    public let body: Body
    /// r ‖ s, 64 bytes.
    public let signature: [UInt8]

    /// An object whose signature is not checked yet.
    public init(body: Body, signature: [UInt8]) throws(PKIError) {
        guard signature.count == 64 else { throw .signature }
        self.body = body
        self.signature = signature
    }

    /// Reads strict DER; the signature is checked by `isSigned(by:)`.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes, limit: Body.sizeLimit)
        body = try Body(parsing: fields.encodedSequence("body"))
        signature = try fields.octets("sig", 64)
        try fields.end()
    }

    /// The DER of this value.
    public var encoded: [UInt8] {
        DER.Serializer.sequence { fields in
            fields.serializeRawBytes(body.encoded)
            fields.octets(signature)
        }
    }

    /// What the signer signs: `93 04 <constant>` ‖ DER(body) (PROTOCOL 12.1).
    public static func signatureInput(_ body: Body) -> [UInt8] {
        Body.usage.tagged + body.encoded
    }

    /// Signs `body`; a body that a reader would refuse is not signed.
    public static func signed(_ body: Body, by key: PrivateKey) throws(PKIError) -> Signed {
        let encodedBody = body.encoded
        guard try Body(parsing: encodedBody) == body else { throw .range("the body") }
        let signature: [UInt8]
        do {
            signature = try key.signature(for: Body.usage.tagged + encodedBody)
        } catch {
            throw .signature
        }
        let object = try Signed(body: body, signature: signature)
        guard object.encoded.count <= Body.sizeLimit else { throw .length }
        return object
    }

    /// Whether `key` signed exactly this body for exactly this use.
    public func isSigned(by key: PublicKey) -> Bool {
        key.isValid(signature, for: Self.signatureInput(body))
    }

    /// Throws `signature` unless `key` signed this object.
    public func requireSignature(by key: PublicKey) throws(PKIError) {
        guard isSigned(by: key) else { throw .signature }
    }

    /// A field of the body.
    public subscript<Value>(dynamicMember path: KeyPath<Body, Value>) -> Value {
        body[keyPath: path]
    }
}
