// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import PKI

/// DER: objects have one encoding, so what was read is written as the same bytes.
extension FuzzTarget {
    static let objects = [
        object("attestation", Attestation.self),
        object("key-creation-request", KeyCreationRequest.self),
        object("key-signing-request", KeySigningRequest.self),
        object("import-request", ImportRequest.self),
        object("kts-receipt", KtsReceipt.self),
        object("termination", Termination.self),
        object("server-request", ServerRequest.self),
        object("server-command", ServerCommand.self),
        object("vehicle-statement", VehicleStatement.self),
        object("key-config", KeyConfig.self),
        FuzzTarget("certificate", certificate),
        FuzzTarget("certificate-chain", chain),
        FuzzTarget("pem") { _ = try? PEM.certificates(String(decoding: $0, as: UTF8.self)) },
    ]

    private static func object<Value: DERObject>(_ name: String, _ type: Value.Type) -> FuzzTarget {
        exact(name) {
            try Value(parsing: $0)
        } write: {
            $0.encoded
        }
    }

    @Sendable private static func certificate(_ bytes: [UInt8]) throws {
        if let value = try? EndpointExtension(parsing: bytes) {
            try require(value.encoded == bytes, "extension .4 is written as other bytes")
        }
        if let value = try? InstanceCAExtension(parsing: bytes) {
            try require(value.encoded == bytes, "extension .3 is written as other bytes")
        }
        guard let certificate = try? KeyCertificate(der: bytes) else { return }
        try require(certificate.der == bytes, "a certificate keeps other bytes")
        _ = certificate.isSigned(by: FuzzKeys.automaker.publicKey)
        try require(
            (try? PEM.certificates(certificate.pem)) == [bytes], "PEM holds other bytes")
        for role in CertificateRole.allCases {
            _ = try? ChainVerifier.issued(
                certificate, as: role, by: TrustAnchor(certificate.publicKey), at: nil)
        }
    }

    /// `root(65)`, then three times `length(2) ‖ certificate`: F, E, H, or K, intermediate, M.
    @Sendable private static func chain(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        guard let root = try? PublicKey(input.take(65)) else { return }
        let parts = (0..<3).map { _ in input.take(Int(input.byte()) << 8 | Int(input.byte())) }
        let chain = try? ChainVerifier.endpoint(
            F: parts[0], E: parts[1], H: parts[2], root: TrustAnchor(root), at: nil)
        if let chain {
            try require(
                (try? KeyCertificate(der: parts[2]).publicKey) == chain.publicKey,
                "a chain proves another key than its own")
        }
        _ = try? ChainVerifier.vehicle(
            K: parts[0], intermediate: parts[1].isEmpty ? nil : parts[1],
            M: parts[2].isEmpty ? nil : parts[2], anchor: TrustAnchor(root), at: nil)
    }
}
