// SPDX-License-Identifier: Apache-2.0

import Identifiers
import NIOSSL

/// A certificate chain and its private key, as a server or a client presents them.
public struct TLSCredentials: Sendable {
    let certificates: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey

    /// Reads PEM: the chain from the leaf up, and the key.
    public init(certificatePEM: [UInt8], keyPEM: [UInt8]) throws(TLSError) {
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(certificatePEM),
            !certificates.isEmpty
        else { throw .noCertificate }
        guard let key = try? NIOSSLPrivateKey(bytes: keyPEM, format: .pem) else { throw .noKey }
        self.certificates = certificates
        self.key = key
    }

    /// Reads the files that two settings named.
    public init(certificate: SettingFile, key: SettingFile) throws(TLSError) {
        do {
            try self.init(certificatePEM: certificate.bytes.exposed, keyPEM: key.bytes.exposed)
        } catch {
            throw .file(error == .noKey ? key.path : certificate.path)
        }
    }

    func serverContext(asksClients: Bool) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        if asksClients {
            // Requires a certificate; our own callback judges it against roots that may change.
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates([])
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSError.mismatch
        }
    }
}

/// Why TLS material cannot be used.
public enum TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The PEM text holds no certificate.
    case noCertificate
    /// The PEM text holds no private key.
    case noKey
    /// The file holds no certificate or key in PEM.
    case file(String)
    /// Certificate and key do not belong together.
    case mismatch

    /// A sentence for people.
    public var description: String {
        switch self {
        case .noCertificate: "no certificate in PEM"
        case .noKey: "no private key in PEM"
        case .file(let path): "the file \(path) does not hold the PEM that is needed"
        case .mismatch: "certificate and private key do not belong together"
        }
    }
}
