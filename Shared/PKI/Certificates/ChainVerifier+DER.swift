// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// The same paths for certificates as they came over the wire: bytes that are no certificate are a
/// fault of the chain as much as a wrong one.
extension ChainVerifier {
    /// F → E → H under the car maker's root, from DER.
    public static func endpoint(
        F: [UInt8], E: [UInt8], H: [UInt8], root: TrustAnchor, at time: Instant?,
        keyMayStartLater: Bool = false
    ) throws(PKIError) -> EndpointCertificate {
        try endpoint(
            F: certificate(F, .externalCA), E: certificate(E, .instanceCA),
            H: certificate(H, .endpoint), root: root, at: time,
            keyMayStartLater: keyMayStartLater)
    }

    /// (M →) [intermediate →] K, from DER.
    public static func vehicle(
        K: [UInt8], intermediate: [UInt8]? = nil, M: [UInt8]? = nil, anchor: TrustAnchor,
        at time: Instant?
    ) throws(PKIError) -> VehicleCertificate {
        try vehicle(
            K: certificate(K, .vehicle), intermediate: optional(intermediate, .intermediate),
            M: optional(M, .crossCertificate), anchor: anchor, at: time)
    }

    private static func certificate(
        _ der: [UInt8], _ role: CertificateRole
    ) throws(PKIError) -> KeyCertificate {
        do {
            return try KeyCertificate(der: der)
        } catch {
            throw .chain("\(role.letter): \(error)")
        }
    }

    private static func optional(
        _ der: [UInt8]?, _ role: CertificateRole
    ) throws(PKIError) -> KeyCertificate? {
        guard let der else { return nil }
        return try certificate(der, role)
    }
}
