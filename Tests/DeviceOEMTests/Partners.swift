// SPDX-License-Identifier: Apache-2.0

import Contracts
import DeviceOEM
import Foundation
import Identifiers
import PKI
import ServiceKit
import TestKit

/// A device OEM in a folder of its own and an automaker that wants to work with it.
final class Partners: Sendable {
    let folder: URL
    let maker: PhoneMaker
    let automaker: AutomakerPKI
    let clock = WallClock.fixed(TestPKI.now)

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "oem-\(UUID().uuidString)")
        maker = try PhoneMaker.open(
            folder, deviceOemId: "acme-phones", environment: "test", clock: clock)
        automaker = try TestPKI().automaker
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// The members of the automaker's bundle for this device OEM.
    func bundle() throws -> [String: Any] {
        [
            "environment": "test", "vehicleOemId": automaker.vehicleOemId,
            "root": automaker.root.certificate.pem,
            "externalCA": try automaker.externalCA(
                for: maker.pki.root.certificate, from: TestPKI.start,
                random: TestPKI.random(seed: "F")
            ).pem,
            "encryption": automaker.encryption.certificate.pem,
            "signature": automaker.signature.certificate.pem,
            "tlsRoot": automaker.tls.certificate.pem, "server": "https://127.0.0.1:9/",
            "intermediates": [automaker.intermediate.certificate.pem], "readerMake": "A1F",
        ]
    }

    func json(_ members: [String: Any]) throws -> Data {
        try JSONSerialization.data(withJSONObject: members)
    }

    /// A client with a TLS certificate of `party`, by default the automaker.
    func client(of party: AutomakerPKI? = nil) throws -> OutboundClient {
        let automaker = party ?? automaker
        let now = WallClock.system.now
        let tls = try automaker.tls.client(
            named: automaker.vehicleOemId, notBefore: now.adding(seconds: -60),
            notAfter: now.adding(seconds: 3600), random: .system)
        return OutboundClient(
            credentials: try TLSCredentials(
                certificatePEM: Array(tls.pemCertificate.utf8), keyPEM: Array(tls.pemKey.utf8)))
    }
}
