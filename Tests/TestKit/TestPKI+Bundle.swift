// SPDX-License-Identifier: Apache-2.0

public import Foundation
internal import Identifiers
public import PKI

extension TestPKI {
    /// The bundle that the automaker gives to the phone maker with `deviceRoot`, as JSON; with
    /// `tlsRoot` when servers are called.
    public func bundle(
        for deviceRoot: KeyCertificate, environment: String = "test", tlsRoot: Bool = false
    ) throws -> Data {
        let certified = try automaker.externalCA(for: deviceRoot, from: Self.start, random: .system)
        var members = [
            "environment": environment, "vehicleOemId": "roadworks",
            "root": automaker.root.certificate.pem, "externalCA": certified.pem,
            "encryption": automaker.encryption.certificate.pem,
            "signature": automaker.signature.certificate.pem,
        ]
        if tlsRoot { members["tlsRoot"] = automaker.tls.certificate.pem }
        return try JSONSerialization.data(withJSONObject: members)
    }
}
