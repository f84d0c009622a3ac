// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// What an automaker's bundle carries, read from PEM and checked against itself and against [D].
public struct AutomakerCertificates: Hashable, Sendable {
    /// [J].
    public let root: KeyCertificate
    /// Brand or regional certificates under [J].
    public let intermediates: [KeyCertificate]
    /// [F].
    public let externalCA: KeyCertificate
    /// [P].
    public let encryption: KeyCertificate
    /// [Q].
    public let signature: KeyCertificate

    /// Reads the PEM texts of a bundle for the device maker whose root is `deviceRoot`: [F] must
    /// carry its key and name, and everything must verify under [J].
    public init(
        root: String, intermediates: [String], externalCA: String, encryption: String,
        signature: String, deviceRoot: KeyCertificate, at time: Instant?
    ) throws(PKIError) {
        self.root = try KeyCertificate(pem: root)
        self.externalCA = try KeyCertificate(pem: externalCA)
        self.encryption = try KeyCertificate(pem: encryption)
        self.signature = try KeyCertificate(pem: signature)
        guard intermediates.count <= 64 else { throw .length }
        var parsed: [KeyCertificate] = []
        for text in intermediates { parsed.append(try KeyCertificate(pem: text)) }
        self.intermediates = parsed
        try ChainVerifier.root(self.root, as: .automakerRoot, at: time)
        let anchor = TrustAnchor(self.root)
        try ChainVerifier.crossCertificate(
            self.externalCA, as: .externalCA, of: deviceRoot, by: anchor, at: time)
        try ChainVerifier.issued(self.encryption, as: .serverEncryption, by: anchor, at: time)
        try ChainVerifier.issued(self.signature, as: .serverSignature, by: anchor, at: time)
        for certificate in parsed {
            try ChainVerifier.issued(certificate, as: .intermediate, by: anchor, at: time)
        }
    }
}

extension ChainVerifier {
    /// Reads the root [D] of a device maker's bundle.
    public static func deviceRoot(pem: String, at time: Instant?) throws(PKIError) -> KeyCertificate
    {
        let certificate = try KeyCertificate(pem: pem)
        try root(certificate, as: .deviceRoot, at: time)
        return certificate
    }
}
