// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// Every key and certificate of a phone maker in one environment (PROTOCOL 11.1).
public struct DeviceOEMPKI: Sendable {
    /// For instance `development`.
    public let environment: String
    /// The phone maker's identifier towards automakers; CommonName of its TLS client certificate.
    public let deviceOemId: String
    /// [D]; without private extension, so it serves TLS as well.
    public let root: CertifiedKey

    /// Makes the root, valid from `start`.
    public static func make(
        environment: String, deviceOemId: String, from start: Instant, random: RandomSource
    ) throws(PKIError) -> DeviceOEMPKI {
        DeviceOEMPKI(
            environment: environment, deviceOemId: deviceOemId,
            root: try CertifiedKey.selfSigned(
                .deviceRoot, named: "\(deviceOemId) root [\(environment)]", from: start,
                purpose: "D", random: random))
    }

    private init(environment: String, deviceOemId: String, root: CertifiedKey) {
        self.environment = environment
        self.deviceOemId = deviceOemId
        self.root = root
    }

    /// Reads what `files` gave; material of another environment throws.
    public init(
        environment: String, deviceOemId: String, files: PartyFiles
    ) throws(PKIError) {
        try self.init(
            environment: environment, deviceOemId: deviceOemId,
            root: CertifiedKey("root", in: files))
        try ChainVerifier.root(root.certificate, as: .deviceRoot, at: nil)
        try root.certificate.require(environment: environment)
    }

    /// PEM of everything, by file name.
    public var files: PartyFiles { root.files("root") }

    /// Issues TLS certificates under [D].
    public func tls() throws(PKIError) -> TLSAuthority { try TLSAuthority(root) }

    /// [M] for an automaker's root [J], which must be a sound one.
    public func crossCertificate(
        for automakerRoot: KeyCertificate, from start: Instant, random: RandomSource
    ) throws(PKIError) -> KeyCertificate {
        try ChainVerifier.root(automakerRoot, as: .automakerRoot, at: nil)
        return try root.certify(automakerRoot, as: .crossCertificate, from: start, random: random)
    }

    /// A fresh [E] for one phone and one automaker.
    public func makeInstanceCA(
        named name: String, extension value: InstanceCAExtension, from start: Instant,
        random: RandomSource
    ) throws(PKIError) -> CertifiedKey {
        try root.makeSubordinate(
            .instanceCA, named: name, from: start, purpose: "E", extensionValue: value.encoded,
            random: random)
    }

    /// [E] for a key that was made inside a secure element and never leaves it.
    public func instanceCA(
        for key: PublicKey, named name: String, extension value: InstanceCAExtension,
        from start: Instant, random: RandomSource
    ) throws(PKIError) -> KeyCertificate {
        try CertificateIssuer(root).certificate(
            CertificateRequest(
                .instanceCA, for: key, named: name, notBefore: start,
                notAfter: start.adding(seconds: CertifiedKey.authorityLifetime),
                extensionValue: value.encoded),
            random: random)
    }
}

extension CertificateIssuer {
    /// A device encryption certificate (.7) under an instance CA, for containers to that phone.
    public func deviceEncryption(
        for key: PublicKey, notBefore: Instant, notAfter: Instant = .noEnd, random: RandomSource
    ) throws(PKIError) -> KeyCertificate {
        try certificate(
            CertificateRequest(
                .deviceEncryption, for: key, named: "encryption \(key.keyId)",
                notBefore: notBefore, notAfter: notAfter),
            random: random)
    }
}
