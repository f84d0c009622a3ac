// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import SwiftASN1

/// One certificate of the common profile of PROTOCOL 11.2, parsed strictly and not yet believed;
/// `ChainVerifier` says whether it may be.
///
/// ```
/// SEQUENCE { tbs SEQUENCE { [0] version 2, serialNumber, ecdsa-with-SHA256, issuer Name,
///            SEQUENCE { notBefore, notAfter }, subject Name, SubjectPublicKeyInfo,
///            [3] extensions }, ecdsa-with-SHA256, signature BIT STRING }
/// ```
public struct KeyCertificate: Sendable {
    /// The certificate as it came.
    public let der: [UInt8]
    /// 8...20 bytes of a positive INTEGER.
    public let serialNumber: [UInt8]
    public let issuer: CertificateName
    public let subject: CertificateName
    /// First moment of validity.
    public let notBefore: Instant
    /// Last moment of validity.
    public let notAfter: Instant
    /// Key of the subject.
    public let publicKey: PublicKey
    let extensions: [CertificateExtension]
    private let signedBytes: [UInt8]
    private let signature: [UInt8]

    /// Reads DER; `der` when it is not a certificate, `chain` when it is one outside the profile.
    public init(der bytes: [UInt8]) throws(PKIError) {
        var outer = try DERReader(parsing: bytes, limit: Limits.certificate)
        let body = try outer.node("tbsCertificate")
        try CertificateParts.signatureAlgorithm(outer.sequence("signatureAlgorithm"))
        signature = try CertificateParts.signature(outer.primitive("signature", tag: .bitString))
        try outer.end()
        var fields = try DERReader(body, tag: .sequence, field: "tbsCertificate")
        var version = try fields.sequence("version", tag: .context(0))
        _ = try version.integer("version", in: 2...2)
        try version.end()
        serialNumber = try CertificateParts.serial(
            fields.primitive("serialNumber", tag: .integer))
        try CertificateParts.signatureAlgorithm(fields.sequence("signature algorithm"))
        issuer = try CertificateName(fields.node("issuer"), field: "issuer")
        var validity = try fields.sequence("validity")
        notBefore = try CertificateParts.time(&validity)
        notAfter = try CertificateParts.time(&validity)
        try validity.end()
        subject = try CertificateName(fields.node("subject"), field: "subject")
        publicKey = try CertificateParts.publicKey(fields.sequence("subjectPublicKeyInfo"))
        extensions = try CertificateExtension.list(fields.node("extensions"))
        try fields.end()
        der = bytes
        signedBytes = Array(body.encodedBytes)
    }

    /// CommonName of the issuer.
    public var issuerName: String { issuer.text }
    /// CommonName of the subject.
    public var subjectName: String { subject.text }

    /// SHA-1 of the public key.
    public var keyId: KeyID { publicKey.keyId }

    /// What the private extension says this certificate is for; none for [D] and for strangers.
    public var role: CertificateRole? {
        CertificateRole.allCases.first { role in
            role.n.map { value(ofPrivateExtension: $0) != nil } ?? false
        }
    }

    /// Whether the signature is by `issuer`; nothing else is checked.
    public func isSigned(by issuer: PublicKey) -> Bool {
        issuer.isValid(signature, for: signedBytes)
    }

    func value(of oid: [UInt8]) -> [UInt8]? {
        extensions.first { $0.oid == oid }?.value
    }

    func value(ofPrivateExtension n: UInt8) -> [UInt8]? {
        value(of: CertificateExtension.privateArc + [n])
    }
}

extension KeyCertificate: Hashable, Codable {
    /// Same bytes.
    public static func == (left: KeyCertificate, right: KeyCertificate) -> Bool {
        left.der == right.der
    }

    /// Hashes the DER.
    public func hash(into hasher: inout Hasher) { hasher.combine(der) }

    /// Reads hexadecimal digits of DER.
    public init(from decoder: any Decoder) throws {
        try self.init(der: [UInt8](hex: decoder.singleValueContainer().decode(String.self)))
    }

    /// Writes lower-case hexadecimal digits of DER.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(der.hex)
    }
}
