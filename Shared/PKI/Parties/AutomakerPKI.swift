// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// Every key and certificate of an automaker in one environment (PROTOCOL 11.1, F70...F78).
///
/// The names of its authorities end in `[environment]`, and material of another is refused.
public struct AutomakerPKI: Sendable {
    /// For instance `development`.
    public let environment: String
    /// The automaker's identifier towards its partners.
    public let vehicleOemId: String
    /// [J].
    public let root: CertifiedKey
    /// The regional intermediate that issues [K].
    public let intermediate: CertifiedKey
    /// [P].
    public let encryption: CertifiedKey
    /// [Q].
    public let signature: CertifiedKey
    /// Separate from [J], whose private extension ordinary TLS stacks refuse.
    public let tls: TLSAuthority

    /// Makes all keys and certificates, valid from `start`.
    public static func make(
        environment: String, vehicleOemId: String, from start: Instant, random: RandomSource
    ) throws(PKIError) -> AutomakerPKI {
        func name(_ part: String) -> String { "\(vehicleOemId) \(part) [\(environment)]" }
        let root = try CertifiedKey.selfSigned(
            .automakerRoot, named: name("root"), from: start, purpose: "J", random: random)
        return AutomakerPKI(
            environment: environment, vehicleOemId: vehicleOemId, root: root,
            intermediate: try root.makeSubordinate(
                .intermediate, named: name("region 1"), from: start, purpose: "I", random: random),
            encryption: try root.makeSubordinate(
                .serverEncryption, named: name("encryption"), from: start, purpose: "P",
                random: random),
            signature: try root.makeSubordinate(
                .serverSignature, named: name("signature"), from: start, purpose: "Q",
                random: random),
            tls: try TLSAuthority.make(named: name("TLS"), from: start, random: random))
    }

    private init(
        environment: String, vehicleOemId: String, root: CertifiedKey,
        intermediate: CertifiedKey, encryption: CertifiedKey, signature: CertifiedKey,
        tls: TLSAuthority
    ) {
        self.environment = environment
        self.vehicleOemId = vehicleOemId
        self.root = root
        self.intermediate = intermediate
        self.encryption = encryption
        self.signature = signature
        self.tls = tls
    }

    /// Reads what `files` gave; foreign, broken or mixed material throws.
    public init(
        environment: String, vehicleOemId: String, files: PartyFiles
    ) throws(PKIError) {
        try self.init(
            environment: environment, vehicleOemId: vehicleOemId,
            root: CertifiedKey("root", in: files),
            intermediate: CertifiedKey("intermediate", in: files),
            encryption: CertifiedKey("encryption", in: files),
            signature: CertifiedKey("signature", in: files),
            tls: TLSAuthority(CertifiedKey("tls-root", in: files)))
        let anchor = TrustAnchor(root.certificate)
        try ChainVerifier.root(root.certificate, as: .automakerRoot, at: nil)
        try ChainVerifier.issued(intermediate.certificate, as: .intermediate, by: anchor, at: nil)
        try ChainVerifier.issued(encryption.certificate, as: .serverEncryption, by: anchor, at: nil)
        try ChainVerifier.issued(signature.certificate, as: .serverSignature, by: anchor, at: nil)
        for identity in [root, intermediate, encryption, signature] {
            try identity.certificate.require(environment: environment)
        }
        try tls.certificate.require(environment: environment)
    }

    /// PEM of everything, by file name.
    public var files: PartyFiles {
        var files: PartyFiles = ["tls-root.pem": tls.certificate.pem, "tls-root.key": tls.pemKey]
        files.merge(root.files("root")) { $1 }
        files.merge(intermediate.files("intermediate")) { $1 }
        files.merge(encryption.files("encryption")) { $1 }
        files.merge(signature.files("signature")) { $1 }
        return files
    }

    /// [F] for a device maker's root [D], which must be a sound one.
    public func externalCA(
        for deviceRoot: KeyCertificate, from start: Instant, random: RandomSource
    ) throws(PKIError) -> KeyCertificate {
        try ChainVerifier.root(deviceRoot, as: .deviceRoot, at: nil)
        return try root.certify(deviceRoot, as: .externalCA, from: start, random: random)
    }

    /// [K] under the intermediate.
    public func vehicleCertificate(
        for key: PublicKey, vehicleId: VehicleID, from start: Instant, random: RandomSource
    ) throws(PKIError) -> KeyCertificate {
        try CertificateIssuer(intermediate).vehicle(
            for: key, vehicleId: vehicleId, notBefore: start, random: random)
    }
}
