// SPDX-License-Identifier: Apache-2.0

/// The PEM files of one party by name; `*.key` are secrets, for files only their owner may read.
public typealias PartyFiles = [String: String]

extension CertifiedKey {
    /// Reads `name.pem` and `name.key`.
    init(_ name: String, in files: PartyFiles) throws(PKIError) {
        guard let certificate = files["\(name).pem"], let key = files["\(name).key"] else {
            throw .material("\(name).pem or \(name).key is missing")
        }
        try self.init(pemCertificate: certificate, pemKey: key)
    }

    /// `name.pem` and `name.key`.
    func files(_ name: String) -> PartyFiles {
        ["\(name).pem": certificate.pem, "\(name).key": pemKey]
    }
}

extension KeyCertificate {
    /// Throws `material` unless this certificate names `environment` (ARCHITECTURE 8).
    func require(environment: String) throws(PKIError) {
        guard subjectName.hasSuffix("[\(environment)]") else {
            throw .material("\(subjectName) is not of the environment \(environment)")
        }
    }
}
