// SPDX-License-Identifier: Apache-2.0

import Contracts
import Crypto
import Foundation
import Identifiers
import JWTKit
import KeyCrypto
import PKI
import ServiceKit

/// Keys and certificates with which the registry speaks for the automaker.
struct AutomakerIdentity: Sendable {
    let environment: String
    let vehicleOemId: String
    let design: PassDesign
    /// [J].
    let root: TrustAnchor
    /// Certificates between [J] and a vehicle, DER.
    let intermediates: [KeyCertificate]
    /// Private key of [P].
    let encryptionKey: PrivateKey
    /// [Q] and its private key.
    let signing: CertifiedKey
    /// Checks bearer tokens of owner apps.
    let appTokens: JWTKeyCollection

    /// Reads the files that the settings name and checks that they belong together.
    init(_ settings: RegistrySettings, environment: String) async throws {
        self.environment = environment
        vehicleOemId = settings.vehicleOemId
        design = settings.passDesign
        let rootCertificate = try KeyCertificate(pem: settings.root.text)
        try ChainVerifier.root(rootCertificate, as: .automakerRoot, at: nil)
        root = TrustAnchor(rootCertificate)
        intermediates = try PEM.certificates(settings.intermediates.text).map {
            try KeyCertificate(der: $0)
        }
        let encryption = try CertifiedKey(
            pemCertificate: settings.encryptionCertificate.text,
            pemKey: settings.encryptionKey.text)
        signing = try CertifiedKey(
            pemCertificate: settings.signingCertificate.text, pemKey: settings.signingKey.text)
        try ChainVerifier.issued(
            encryption.certificate, as: .serverEncryption, by: root, at: nil)
        try ChainVerifier.issued(signing.certificate, as: .serverSignature, by: root, at: nil)
        for certificate in [rootCertificate, encryption.certificate, signing.certificate]
        where !certificate.subjectName.hasSuffix("[\(environment)]") {
            throw RegistryError.wrongEnvironment(
                "\(certificate.subjectName) is not a certificate of \(environment)")
        }
        encryptionKey = encryption.key
        appTokens = JWTKeyCollection()
        await appTokens.add(ecdsa: try ES256PublicKey(pem: settings.appTokenKey.text))
    }

    /// A vehicle document or a pass, signed by [Q].
    ///
    /// Not by jwt-kit: that judges `x5c` by the rules of TLS and refuses the private critical
    /// extension of [Q].
    func sign(_ statement: some Encodable, type: String) throws -> String {
        try AutomakerJWS.signed(
            Array(ColumnJSON.encode(statement).utf8), type: type, by: signing)
    }

    /// A receipt for a key (PROTOCOL 12.2), signed by [Q].
    func receipt(for key: TrackedKeyState, at now: Instant) throws -> [UInt8] {
        try KtsReceipt.signed(
            KtsReceiptBody(
                vehicleId: key.vehicleId, keyId: key.keyId, slotId: key.slotId, time: now,
                ktsKeyId: signing.key.publicKey.keyId), by: signing.key
        ).encoded
    }

    /// An order to the device of a key (PROTOCOL 12.2), signed by [Q].
    func command(
        _ action: ServerAction, _ key: TrackedKeyState, at now: Instant, random: RandomSource
    ) throws -> [UInt8] {
        try ServerCommand.signed(
            ServerCommandBody(
                action: action, vehicleId: key.vehicleId, keyId: key.keyId, time: now,
                serverKeyId: signing.key.publicKey.keyId,
                requestId: random.bytes(16, for: "requestId")), by: signing.key
        ).encoded
    }
}

/// The claims of a report are its members; the vehicle's key vouches for them.
struct ReportPayload: JWTPayload {
    let report: VehicleReport

    init(from decoder: any Decoder) throws { report = try VehicleReport(from: decoder) }
    func encode(to encoder: any Encoder) throws { try report.encode(to: encoder) }
    func verify(using algorithm: some JWTAlgorithm) async throws {}

    /// Reads a report that `vehicleKey` (65 bytes) signed.
    static func verified(_ jws: String, by vehicleKey: [UInt8]) async throws(RegistryError)
        -> VehicleReport
    {
        do {
            let keys = JWTKeyCollection()
            let key = try ES256PublicKey(
                backing: P256.Signing.PublicKey(x963Representation: vehicleKey))
            await keys.add(ecdsa: key)
            return try await keys.verify(jws, as: ReportPayload.self).report
        } catch {
            throw .signatureInvalid("the report is not signed by the vehicle")
        }
    }
}

extension SettingFile {
    /// The content as text, for PEM.
    fileprivate var text: String { String(decoding: bytes.exposed, as: UTF8.self) }
}
