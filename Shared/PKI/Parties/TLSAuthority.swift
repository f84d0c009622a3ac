// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import SwiftASN1

/// A private key and the chain a TLS stack presents with it.
public struct TLSIdentity: Sendable {
    /// The secret.
    public let key: PrivateKey
    /// The certificate, DER.
    public let certificate: [UInt8]

    /// The certificate as PEM.
    public var pemCertificate: String { PEM.text(ofCertificate: certificate) }
    /// The private key as PKCS #8 PEM, for a file only its owner may read.
    public var pemKey: String { PEM.text(of: key) }
}

/// A plain X.509 authority for TLS: without the private extensions of PROTOCOL 11.3, which are
/// critical and therefore refused by every ordinary TLS stack.
public struct TLSAuthority: Sendable {
    private let identity: CertifiedKey

    /// Issues under a root without private extension: one of its own, or a device maker's [D].
    public init(_ identity: CertifiedKey) throws(PKIError) {
        try ChainVerifier.root(identity.certificate, as: .deviceRoot, at: nil)
        self.identity = identity
    }

    /// Makes a root named `name`, valid from `start` for twenty years.
    public static func make(
        named name: String, from start: Instant, random: RandomSource
    ) throws(PKIError) -> TLSAuthority {
        try TLSAuthority(
            .selfSigned(.deviceRoot, named: name, from: start, purpose: "tls root", random: random))
    }

    /// The root's certificate.
    public var certificate: KeyCertificate { identity.certificate }
    /// The root's private key as PKCS #8 PEM.
    public var pemKey: String { identity.pemKey }

    /// A server certificate for host names and IPv4 or IPv6 addresses, at least one in all.
    public func server(
        dnsNames: [String], addresses: [[UInt8]] = [], notBefore: Instant, notAfter: Instant,
        random: RandomSource
    ) throws(PKIError) -> TLSIdentity {
        guard let name = dnsNames.first ?? addresses.first?.hex,
            addresses.allSatisfy({ $0.count == 4 || $0.count == 16 })
        else { throw .range("the names of a server") }
        let names = X509Parts.alternativeNames(dnsNames: dnsNames, addresses: addresses)
        return try issue(
            named: String(name.prefix(64)), usage: 1, alternativeNames: names,
            notBefore: notBefore, notAfter: notAfter, random: random)
    }

    /// A client certificate; `name` is who the client is (a device OEM or vehicle OEM identifier).
    public func client(
        named name: String, notBefore: Instant, notAfter: Instant, random: RandomSource
    ) throws(PKIError) -> TLSIdentity {
        try issue(
            named: name, usage: 2, alternativeNames: nil, notBefore: notBefore,
            notAfter: notAfter, random: random)
    }

    /// `usage` is the last number of id-kp: 1 serverAuth, 2 clientAuth.
    private func issue(
        named name: String, usage: UInt8, alternativeNames: [UInt8]?, notBefore: Instant,
        notAfter: Instant, random: RandomSource
    ) throws(PKIError) -> TLSIdentity {
        let key = PrivateKey.generate(random, for: "tls key")
        let own = key.publicKey.keyId.bytes
        let issuer = identity.certificate.keyId.bytes
        let purpose: [UInt8] = [0x30, 0x0A, 0x06, 0x08, 0x2B, 6, 1, 5, 5, 7, 3, usage]
        var extensions = [
            X509Extension("2.5.29.15", critical: true, [0x03, 0x02, 0x07, 0x80]),
            X509Extension("2.5.29.19", critical: true, [0x30, 0x00]),
            X509Extension("2.5.29.37", purpose),
            X509Extension("2.5.29.14", [0x04, 0x14] + own),
            X509Extension("2.5.29.35", [0x30, 0x16, 0x80, 0x14] + issuer),
        ]
        if let alternativeNames {
            extensions.append(X509Extension("2.5.29.17", alternativeNames))
        }
        let der = try X509Parts.issue(
            key.publicKey, named: CertificateName(name), by: identity.certificate.subject,
            key: identity.key,
            notBefore: notBefore, notAfter: notAfter, extensions: extensions, random: random)
        return TLSIdentity(key: key, certificate: der)
    }
}

extension X509Parts {
    /// subjectAltName: dNSName [2] and iPAddress [7] (RFC 5280, 4.2.1.6).
    static func alternativeNames(dnsNames: [String], addresses: [[UInt8]]) -> [UInt8] {
        DER.Serializer.sequence { names in
            for name in dnsNames { names.octets(Array(name.utf8), tag: .context(2)) }
            for address in addresses { names.octets(address, tag: .context(7)) }
        }
    }
}
