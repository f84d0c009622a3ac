// SPDX-License-Identifier: Apache-2.0

public import KeyCrypto

/// A private key with its certificate.
public struct CertifiedKey: Sendable {
    /// The secret.
    public let key: PrivateKey
    /// What others know of it.
    public let certificate: KeyCertificate

    /// Throws `material` unless the certificate is for `key`.
    public init(key: PrivateKey, certificate: KeyCertificate) throws(PKIError) {
        guard certificate.publicKey == key.publicKey else {
            throw .material("private key and certificate do not belong together")
        }
        self.key = key
        self.certificate = certificate
    }

    /// Reads both from PEM, the key as PKCS #8 or SEC 1.
    public init(pemCertificate: String, pemKey: String) throws(PKIError) {
        try self.init(
            key: PEM.privateKey(pemKey), certificate: KeyCertificate(pem: pemCertificate))
    }

    /// The private key as PKCS #8 PEM, for a file only its owner may read.
    public var pemKey: String { PEM.text(of: key) }
}
