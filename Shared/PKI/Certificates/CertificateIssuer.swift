// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// What a certificate is to say.
public struct CertificateRequest: Sendable {
    public var role: CertificateRole
    public var publicKey: PublicKey
    public var name: CertificateName
    public var notBefore: Instant
    public var notAfter: Instant
    /// Value of the private extension; none = the simple form `30 03 02 01 01`.
    public var extensionValue: [UInt8]?

    /// A certificate of `role` for `publicKey`, with a CommonName of 1...64 characters.
    public init(
        _ role: CertificateRole, for publicKey: PublicKey, named name: String,
        notBefore: Instant, notAfter: Instant, extensionValue: [UInt8]? = nil
    ) {
        self.init(
            role, for: publicKey, named: CertificateName(name), notBefore: notBefore,
            notAfter: notAfter, extensionValue: extensionValue)
    }

    /// A certificate of `role` for `publicKey`, with a name taken over from another certificate.
    public init(
        _ role: CertificateRole, for publicKey: PublicKey, named name: CertificateName,
        notBefore: Instant, notAfter: Instant, extensionValue: [UInt8]? = nil
    ) {
        self.role = role
        self.publicKey = publicKey
        self.name = name
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.extensionValue = extensionValue
    }
}

/// A key that issues certificates under its name (PROTOCOL 11.2).
public struct CertificateIssuer: Sendable {
    private let name: CertificateName
    private let key: PrivateKey

    /// Issues under a CommonName of 1...64 characters.
    public init(name: String, key: PrivateKey) {
        self.name = CertificateName(name)
        self.key = key
    }

    /// Issues as the subject of a certificate.
    public init(_ identity: CertifiedKey) {
        name = identity.certificate.subject
        key = identity.key
    }

    /// Makes a certificate; one that `ChainVerifier` would refuse is not given out.
    public func certificate(
        _ request: CertificateRequest, random: RandomSource
    ) throws(PKIError) -> KeyCertificate {
        let issuerId = key.publicKey.keyId.bytes
        var extensions = [
            X509Extension("2.5.29.15", critical: true, request.role.keyUsage),
            X509Extension("2.5.29.19", critical: true, request.role.basicConstraints),
            X509Extension("2.5.29.14", [0x04, 0x14] + request.publicKey.keyId.bytes),
            X509Extension("2.5.29.35", [0x30, 0x16, 0x80, 0x14] + issuerId),
        ]
        if let n = request.role.n {
            extensions.append(
                X509Extension(
                    "1.3.6.1.4.1.41577.5.\(n)", critical: true,
                    request.extensionValue ?? CertificateExtension.simpleValue))
        }
        let der = try X509Parts.issue(
            request.publicKey, named: request.name, by: name, key: key,
            notBefore: request.notBefore, notAfter: request.notAfter, extensions: extensions,
            random: random)
        let certificate = try KeyCertificate(der: der)
        try ChainVerifier.issued(
            certificate, as: request.role,
            by: TrustAnchor(publicKey: key.publicKey, name: name.text), at: nil)
        return certificate
    }

    /// An [H]: named after its key.
    public func endpoint(
        for publicKey: PublicKey, extension value: EndpointExtension, notBefore: Instant,
        notAfter: Instant = .noEnd, random: RandomSource
    ) throws(PKIError) -> KeyCertificate {
        try certificate(
            CertificateRequest(
                .endpoint, for: publicKey, named: publicKey.keyId.description.uppercased(),
                notBefore: notBefore, notAfter: notAfter, extensionValue: value.encoded),
            random: random)
    }

    /// A [K]: named after its vehicle.
    public func vehicle(
        for publicKey: PublicKey, vehicleId: VehicleID, notBefore: Instant,
        notAfter: Instant = .noEnd, random: RandomSource
    ) throws(PKIError) -> KeyCertificate {
        try certificate(
            CertificateRequest(
                .vehicle, for: publicKey, named: vehicleId.description.uppercased(),
                notBefore: notBefore, notAfter: notAfter),
            random: random)
    }
}
