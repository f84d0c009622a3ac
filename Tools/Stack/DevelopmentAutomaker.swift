// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Foundation
import Identifiers
import KeyCrypto
public import PKI

/// The automaker's keys and certificates of a development stack, as files.
///
/// Real ones live in an HSM and a key ceremony; these are made on first use, so the folder must
/// never be used for anything real.
public struct DevelopmentAutomaker: Sendable {
    /// How the development automaker calls itself.
    public static let vehicleOemId = "latchkey-motors"
    /// What its readers call themselves: the make that is for tests.
    static let readerMake = "FFF"

    private let folder: URL
    private let environment: String

    /// The automaker whose files are in `folder`.
    public init(folder: URL, environment: String) {
        self.folder = folder
        self.environment = environment
    }

    /// Makes what is not there yet; TLS certificates are issued anew at every start.
    func create(progress: Stack.Progress) throws {
        if !FileManager.default.fileExists(atPath: file("root.pem").path) {
            let pki = try AutomakerPKI.make(
                environment: environment, vehicleOemId: Self.vehicleOemId, from: Self.anHourAgo,
                random: .system)
            try write(pki.files)
            try write(["intermediates.pem": pki.intermediate.certificate.pem])
            let token = PrivateKey.generate(.system, for: "app token")
            try write([
                "app-token.key": PEM.text(of: token),
                "app-token.pem": token.signingKey.publicKey.pemRepresentation,
            ])
            progress("made the automaker's development certificates")
        }
        let tls = try load().tls
        let end = Self.anHourAgo.adding(seconds: 365 * 86_400)
        let server = try tls.server(
            dnsNames: ["localhost"], addresses: [[127, 0, 0, 1]], notBefore: Self.anHourAgo,
            notAfter: end, random: .system)
        let client = try tls.client(
            named: Self.vehicleOemId, notBefore: Self.anHourAgo, notAfter: end, random: .system)
        try write([
            "server.pem": server.pemCertificate, "server.key": server.pemKey,
            "client.pem": client.pemCertificate, "client.key": client.pemKey,
        ])
    }

    /// All of the automaker's keys; throws when the files are missing or mixed.
    public func load() throws -> AutomakerPKI {
        let names = ["root", "intermediate", "encryption", "signature", "tls-root"]
        var files: PartyFiles = [:]
        for name in names.flatMap({ ["\($0).pem", "\($0).key"] }) {
            do {
                files[name] = try String(contentsOf: file(name), encoding: .utf8)
            } catch {
                throw StackError.file(path: file(name).path, reason: StateFolder.reason(error))
            }
        }
        return try AutomakerPKI(
            environment: environment, vehicleOemId: Self.vehicleOemId, files: files)
    }

    private func write(_ files: PartyFiles) throws {
        for (name, text) in files {
            try StateFolder.write(
                Data(text.utf8), to: file(name), mode: name.hasSuffix(".key") ? 0o600 : 0o644)
        }
    }

    private func file(_ name: String) -> URL { folder.appending(path: name) }

    /// Certificates begin an hour ago, so that a clock that is a little behind accepts them.
    static var anHourAgo: Instant {
        Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970) - 3600)
    }
}
