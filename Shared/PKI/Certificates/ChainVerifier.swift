// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// The paths of PROTOCOL 11.5; every refusal is `PKIError.chain` with the letter and the reason.
///
/// `at` is the time to judge validity by; none skips that check, for a verifier without a clock.
public enum ChainVerifier {
    /// F → E → H under the car maker's root: a new owner key in the car, a friend's key in the owner's SE.
    ///
    /// - Parameter keyMayStartLater: accept an [H] whose validity begins after `at`, as that of a
    ///   key shared for next week does.
    public static func endpoint(
        F: KeyCertificate, E: KeyCertificate, H: KeyCertificate, root: TrustAnchor,
        at time: Instant?, keyMayStartLater: Bool = false
    ) throws(PKIError) -> EndpointCertificate {
        try issued(F, as: .externalCA, by: root, at: time)
        return try endpoint(
            E: E, H: H, root: TrustAnchor(F), at: time, keyMayStartLater: keyMayStartLater)
    }

    /// E → H under the device maker's root: what the key tracking server is shown.
    public static func endpoint(
        E: KeyCertificate, H: KeyCertificate, root: TrustAnchor, at time: Instant?,
        keyMayStartLater: Bool = false
    ) throws(PKIError) -> EndpointCertificate {
        try issued(E, as: .instanceCA, by: root, at: time)
        let link = ChainLink(
            certificate: H, role: .endpoint, issuer: TrustAnchor(E), time: time,
            mayStartLater: keyMayStartLater)
        try link.check()
        guard let value = H.value(ofPrivateExtension: 4) else { throw link.fault("extension .4") }
        return EndpointCertificate(certificate: H, endpoint: try EndpointExtension(parsing: value))
    }

    /// (M →) [intermediate →] K under the device maker's root D when there is an M, else under J.
    public static func vehicle(
        K: KeyCertificate, intermediate: KeyCertificate? = nil, M: KeyCertificate? = nil,
        anchor: TrustAnchor, at time: Instant?
    ) throws(PKIError) -> VehicleCertificate {
        var issuer = anchor
        if let M {
            try issued(M, as: .crossCertificate, by: issuer, at: time)
            issuer = TrustAnchor(M)
        }
        if let intermediate {
            try issued(intermediate, as: .intermediate, by: issuer, at: time)
            issuer = TrustAnchor(intermediate)
        }
        try issued(K, as: .vehicle, by: issuer, at: time)
        guard let id = VehicleCertificate.vehicleId(named: K.subjectName) else {
            throw .chain("K: name")
        }
        return VehicleCertificate(certificate: K, vehicleId: id)
    }

    /// One certificate directly under `root`: [P] or [Q] or an intermediate under J, [E] under D.
    public static func issued(
        _ certificate: KeyCertificate, as role: CertificateRole, by root: TrustAnchor,
        at time: Instant?
    ) throws(PKIError) {
        try ChainLink(certificate: certificate, role: role, issuer: root, time: time).check()
    }

    /// A device's encryption certificate, under its instance CA, under the device maker's root.
    public static func deviceEncryption(
        E: KeyCertificate, certificate: KeyCertificate, root: TrustAnchor, at time: Instant?
    ) throws(PKIError) -> PublicKey {
        try issued(E, as: .instanceCA, by: root, at: time)
        try issued(certificate, as: .deviceEncryption, by: TrustAnchor(E), at: time)
        return certificate.publicKey
    }

    /// A root that signed itself: [J] as `.automakerRoot`, [D] as `.deviceRoot`.
    public static func root(
        _ certificate: KeyCertificate, as role: CertificateRole, at time: Instant?
    ) throws(PKIError) {
        guard role.isSelfSigned else { throw .chain("\(role.letter) is no root") }
        try issued(certificate, as: role, by: TrustAnchor(certificate), at: time)
    }

    /// Whether [F] carries key and name of the device maker's root D and verifies under J, or [M]
    /// those of J under D.
    public static func crossCertificate(
        _ certificate: KeyCertificate, as role: CertificateRole, of subject: KeyCertificate,
        by issuer: TrustAnchor, at time: Instant?
    ) throws(PKIError) {
        try issued(certificate, as: role, by: issuer, at: time)
        guard certificate.publicKey == subject.publicKey else {
            throw .chain("\(role.letter): another key than the root it is for")
        }
        guard certificate.subjectName.utf8.elementsEqual(subject.subjectName.utf8) else {
            throw .chain("\(role.letter): another name than the root it is for")
        }
    }
}
