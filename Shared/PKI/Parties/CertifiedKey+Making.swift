// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import KeyCrypto

extension CertifiedKey {
    /// How long roots and authorities of the development environment live, seconds: 20 years.
    public static let authorityLifetime: Int64 = 20 * 365 * 86_400

    /// Makes a root that signs itself; `purpose` names its draw of randomness.
    public static func selfSigned(
        _ role: CertificateRole, named name: String, from start: Instant, purpose: String,
        random: RandomSource
    ) throws(PKIError) -> CertifiedKey {
        let key = PrivateKey.generate(random, for: purpose)
        let certificate = try CertificateIssuer(name: name, key: key).certificate(
            CertificateRequest(
                role, for: key.publicKey, named: name, notBefore: start,
                notAfter: start.adding(seconds: authorityLifetime)),
            random: random)
        return try CertifiedKey(key: key, certificate: certificate)
    }

    /// Makes a key and has this identity certify it.
    public func makeSubordinate(
        _ role: CertificateRole, named name: String, from start: Instant, purpose: String,
        extensionValue: [UInt8]? = nil, random: RandomSource
    ) throws(PKIError) -> CertifiedKey {
        let key = PrivateKey.generate(random, for: purpose)
        let certificate = try CertificateIssuer(self).certificate(
            CertificateRequest(
                role, for: key.publicKey, named: name, notBefore: start,
                notAfter: start.adding(seconds: Self.authorityLifetime),
                extensionValue: extensionValue),
            random: random)
        return try CertifiedKey(key: key, certificate: certificate)
    }

    /// Certifies key and name of another party's root: [F] by J, [M] by D.
    public func certify(
        _ root: KeyCertificate, as role: CertificateRole, from start: Instant,
        random: RandomSource
    ) throws(PKIError) -> KeyCertificate {
        try CertificateIssuer(self).certificate(
            CertificateRequest(
                role, for: root.publicKey, named: root.subject, notBefore: start,
                notAfter: start.adding(seconds: Self.authorityLifetime)),
            random: random)
    }
}
