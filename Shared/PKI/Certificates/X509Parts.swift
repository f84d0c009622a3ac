// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import FoundationEssentials
internal import Identifiers
internal import KeyCrypto
internal import SwiftASN1
internal import X509

/// One extension as it is to be written.
struct X509Extension {
    let oid: String
    let isCritical: Bool
    let value: [UInt8]

    init(_ oid: String, critical: Bool = false, _ value: [UInt8]) {
        self.oid = oid
        isCritical = critical
        self.value = value
    }
}

/// The one place that asks swift-certificates to sign.
enum X509Parts {
    /// DER of a version 3 certificate with a random serial number of 16 bytes.
    static func issue(
        _ subject: PublicKey, named name: CertificateName, by issuer: CertificateName,
        key: PrivateKey,
        notBefore: Instant, notAfter: Instant, extensions: [X509Extension], random: RandomSource
    ) throws(PKIError) -> [UInt8] {
        // The top bits make the number positive and give it its full 16 bytes.
        var serial = random.bytes(16, for: "serial")
        serial = serial.prefix(1).map { $0 & 0x3F | 0x40 } + serial.dropFirst()
        do {
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(bytes: serial),
                publicKey: Certificate.PublicKey(
                    P256.Signing.PublicKey(x963Representation: subject.bytes)),
                notValidBefore: date(notBefore), notValidAfter: date(notAfter),
                issuer: DistinguishedName(derEncoded: issuer.der),
                subject: DistinguishedName(derEncoded: name.der),
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: Certificate.Extensions(
                    extensions.map { entry in
                        Certificate.Extension(
                            oid: try ASN1ObjectIdentifier(dotRepresentation: entry.oid),
                            critical: entry.isCritical, value: ArraySlice(entry.value))
                    }),
                issuerPrivateKey: Certificate.PrivateKey(key.signingKey))
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            return serializer.serializedBytes
        } catch {
            throw .range("the certificate of \(name.text)")
        }
    }

    private static func date(_ instant: Instant) -> Date {
        Date(timeIntervalSince1970: Double(instant.secondsSinceEpoch))
    }
}
