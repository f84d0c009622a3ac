// SPDX-License-Identifier: Apache-2.0

internal import Crypto
public import KeyCrypto
internal import SwiftASN1

/// The text form of certificates and keys (RFC 7468).
public enum PEM {
    /// One `CERTIFICATE` block.
    public static func text(ofCertificate der: [UInt8]) -> String {
        PEMDocument(type: "CERTIFICATE", derBytes: der).pemString + "\n"
    }

    /// DER of every `CERTIFICATE` block, in order; none or another kind of block throws.
    public static func certificates(_ text: String) throws(PKIError) -> [[UInt8]] {
        guard text.utf8.count <= Limits.pem else { throw .length }
        guard let documents = try? PEMDocument.parseMultiple(pemString: text), !documents.isEmpty
        else { throw .pem("no block") }
        guard documents.allSatisfy({ $0.discriminator == "CERTIFICATE" }) else {
            throw .pem("a block that is no certificate")
        }
        return documents.map(\.derBytes)
    }

    /// One `PRIVATE KEY` block, PKCS #8.
    public static func text(of key: PrivateKey) -> String {
        key.signingKey.pemRepresentation + "\n"
    }

    /// A P-256 key from PKCS #8 or SEC 1.
    public static func privateKey(_ text: String) throws(PKIError) -> PrivateKey {
        guard text.utf8.count <= Limits.pem,
            let key = try? P256.Signing.PrivateKey(pemRepresentation: text),
            let checked = try? PrivateKey(scalar: Array(key.rawRepresentation))
        else { throw .pem("no P-256 private key") }
        return checked
    }
}

extension KeyCertificate {
    /// Reads exactly one `CERTIFICATE` block.
    public init(pem text: String) throws(PKIError) {
        let blocks = try PEM.certificates(text)
        guard blocks.count == 1, let der = blocks.first else { throw .pem("more than one block") }
        try self.init(der: der)
    }

    /// One `CERTIFICATE` block.
    public var pem: String { PEM.text(ofCertificate: der) }
}
