// SPDX-License-Identifier: Apache-2.0

// PKI: the certificates and signed objects of the key system, as values.
//
// Start with `DERObject` (what two phones, a car and two servers say to each other, PROTOCOL 12),
// `KeyCertificate` (one certificate of the profile of PROTOCOL 11.2), `ChainVerifier` (whether a
// path of them may be believed) and `CertificateIssuer` (makes them). `AutomakerPKI` and
// `DeviceOEMPKI` are all keys and certificates of one party of the development environment.
//
// Every parser here takes any bytes and either returns a value whose `encoded` is those very bytes
// or throws a `PKIError`; nothing traps, and no value is partly read. Time and randomness are
// parameters.

/// Sizes and counts that no honest object exceeds; what does is refused before it is read.
enum Limits {
    /// Bytes of any object of PROTOCOL 12.2 that has no limit of its own.
    static let object = 16_384
    /// Bytes of one certificate: what fits one batch of PROTOCOL 7.3.
    static let certificate = 4_096
    /// Bytes of an Attestation (PROTOCOL 12.2): what the package area of a mailbox holds.
    static let attestation = 766
    /// Bytes of a KtsReceipt: what the receipt area of a mailbox holds (PROTOCOL 10.2).
    static let receipt = 190
    /// Bytes of either mailbox (PROTOCOL 7.6).
    static let mailbox = 2_048
    /// Keys a phone may be told to trust for sharing (PROTOCOL 7.6).
    static let authorizedKeys = 1...5
    /// Extensions of one certificate.
    static let extensions = 16
    /// Bytes of PEM text.
    static let pem = 65_536
}
