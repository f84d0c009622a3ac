// SPDX-License-Identifier: Apache-2.0

import NIOSSL
import SwiftASN1
import Synchronization
internal import X509

/// The certificate under which the clients of one partner connect.
public struct ClientRoot: Sendable {
    /// Name of the partner, for example its device OEM id.
    public let name: String
    let certificate: Certificate
    let transport: NIOSSLCertificate

    /// The root of `name` as DER.
    public init(name: String, der: [UInt8]) throws(TLSError) {
        guard let certificate = try? Certificate(derEncoded: der),
            let transport = try? NIOSSLCertificate(bytes: der, format: .der)
        else { throw .noCertificate }
        self.name = name
        self.certificate = certificate
        self.transport = transport
    }

    /// The roots of `name` in a PEM text.
    public static func all(name: String, pem: [UInt8]) throws(TLSError) -> [ClientRoot] {
        guard let found = try? NIOSSLCertificate.fromPEMBytes(pem), !found.isEmpty else {
            throw .noCertificate
        }
        var roots: [ClientRoot] = []
        for certificate in found {
            guard let der = try? certificate.toDERBytes() else { throw .noCertificate }
            roots.append(try ClientRoot(name: name, der: der))
        }
        return roots
    }
}

/// Who may connect to a listener with mutual TLS; may change while it runs.
///
/// A partner that is removed is refused at its next request, on open connections too.
public final class ClientRoots: Sendable {
    private let roots: Mutex<[ClientRoot]>

    /// Trusts `roots`; nobody when empty.
    public init(_ roots: [ClientRoot] = []) { self.roots = Mutex(roots) }

    /// Trusts exactly `roots` from now on.
    public func replace(with roots: [ClientRoot]) { self.roots.withLock { $0 = roots } }

    /// Names of partners with the root `certificate`.
    func names(of certificate: NIOSSLCertificate) -> Set<String> {
        roots.withLock { roots in
            Set(roots.filter { $0.transport == certificate }.map(\.name))
        }
    }

    /// The path from the first of `presented` to a root; none when there is no valid one.
    func chain(_ presented: [NIOSSLCertificate]) async -> [NIOSSLCertificate]? {
        // Eight certificates are more than any partner needs and bound the search.
        let presented = presented.prefix(8)
        let parsed = presented.compactMap { transport in
            (try? transport.toDERBytes()).flatMap { try? Certificate(derEncoded: $0) }
        }
        guard let leaf = parsed.first, parsed.count == presented.count else { return nil }
        let roots = roots.withLock { $0 }
        var verifier = Verifier(rootCertificates: CertificateStore(roots.map(\.certificate))) {
            RFC5280Policy()
        }
        let result = await verifier.validate(
            leaf: leaf, intermediates: CertificateStore(parsed.dropFirst()))
        guard case .validCertificate(let chain) = result else { return nil }
        var transports = Dictionary(
            roots.map { ($0.certificate, $0.transport) }, uniquingKeysWith: { first, _ in first })
        for (certificate, transport) in zip(parsed, presented) {
            transports[certificate] = transport
        }
        let found = chain.compactMap { transports[$0] }
        return found.count == chain.count ? found : nil
    }
}
