// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto

/// One certificate at its place in a path: what it should be, and who should have issued it.
struct ChainLink {
    let certificate: KeyCertificate
    let role: CertificateRole
    let issuer: TrustAnchor
    /// None for a verifier without a clock.
    let time: Instant?
    /// Whether a validity that begins later is no fault (a key shared for next week).
    var mayStartLater = false
}

/// One rule of PROTOCOL 11.5. A rule covers exactly what its comment says and throws `chain`.
protocol CertificatePolicy {
    static func check(_ link: ChainLink) throws(PKIError)
}

extension ChainLink {
    /// Every rule; cheap ones first, the signature last.
    func check() throws(PKIError) {
        try RolePolicy.check(self)
        try UsagePolicy.check(self)
        try NamePolicy.check(self)
        try KeyIdentifierPolicy.check(self)
        try ValidityPolicy.check(self)
        try SignaturePolicy.check(self)
    }

    /// The fault, with the letter of the certificate.
    func fault(_ reason: String) -> PKIError { .chain("\(role.letter): \(reason)") }
}
