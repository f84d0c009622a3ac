// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Foundation
import Identifiers
import KeyCrypto
public import PKI
import ServiceKit

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
        if try createAuthorities() { progress("made the automaker's development certificates") }
        try write(try transport(hosts: []), to: folder)
    }

    /// Writes to `out` what the services of a deployment read, and nothing else: neither the keys
    /// of the root nor those of the authorities under it. Makes the authorities when there are none.
    ///
    /// - Parameter hosts: names and IPv4 addresses of the machine beside `localhost`.
    public func export(to out: URL, hosts: [String]) throws {
        try StateFolder.makeFolder(folder)
        _ = try createAuthorities()
        var files = try transport(hosts: hosts)
        for name in Self.exported { files[name] = try read(name) }
        try StateFolder.makeFolder(out, mode: 0o755)
        try write(files, to: out)
    }

    private static let exported = [
        "root.pem", "intermediates.pem", "encryption.pem", "encryption.key", "signature.pem",
        "signature.key", "app-token.pem", "tls-root.pem",
    ]

    /// Returns whether it made them.
    private func createAuthorities() throws -> Bool {
        guard !FileManager.default.fileExists(atPath: file("root.pem").path) else { return false }
        let pki = try AutomakerPKI.make(
            environment: environment, vehicleOemId: Self.vehicleOemId, from: Self.anHourAgo,
            random: .system)
        let token = PrivateKey.generate(.system, for: "app token")
        var files = pki.files
        files["intermediates.pem"] = pki.intermediate.certificate.pem
        files["app-token.key"] = PEM.text(of: token)
        files["app-token.pem"] = token.signingKey.publicKey.pemRepresentation
        // The root tells that all is there, so it comes last.
        let root = files.removeValue(forKey: "root.pem") ?? ""
        try write(files, to: folder)
        try write(["root.pem": root], to: folder)
        return true
    }

    /// The TLS server of `hosts` and the client of our calls, for a year.
    private func transport(hosts: [String]) throws -> PartyFiles {
        let tls = try load().tls
        let end = Self.anHourAgo.adding(seconds: 365 * 86_400)
        let numbers = hosts.compactMap(Self.address)
        let server = try tls.server(
            dnsNames: ["localhost"] + hosts.filter { Self.address($0) == nil },
            addresses: [[127, 0, 0, 1]] + numbers, notBefore: Self.anHourAgo, notAfter: end,
            random: .system)
        let client = try tls.client(
            named: Self.vehicleOemId, notBefore: Self.anHourAgo, notAfter: end, random: .system)
        return [
            "server.pem": server.pemCertificate, "server.key": server.pemKey,
            "client.pem": client.pemCertificate, "client.key": client.pemKey,
        ]
    }

    /// The four bytes of an IPv4 address; none for a name.
    private static func address(_ host: String) -> [UInt8]? {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { UInt8($0) }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    /// All of the automaker's keys; throws when the files are missing or mixed.
    public func load() throws -> AutomakerPKI {
        let names = ["root", "intermediate", "encryption", "signature", "tls-root"]
        var files: PartyFiles = [:]
        for name in names.flatMap({ ["\($0).pem", "\($0).key"] }) {
            files[name] = try read(name)
        }
        return try AutomakerPKI(
            environment: environment, vehicleOemId: Self.vehicleOemId, files: files)
    }

    private func read(_ name: String) throws(StackError) -> String {
        do {
            return try String(contentsOf: file(name), encoding: .utf8)
        } catch {
            throw .file(path: file(name).path, reason: FileFailure.reason(error))
        }
    }

    private func write(_ files: PartyFiles, to folder: URL) throws(StackError) {
        for (name, text) in files {
            try StateFolder.write(
                Data(text.utf8), to: folder.appending(path: name),
                mode: name.hasSuffix(".key") ? 0o600 : 0o644)
        }
    }

    private func file(_ name: String) -> URL { folder.appending(path: name) }

    /// Certificates begin an hour ago, so that a clock that is a little behind accepts them.
    static var anHourAgo: Instant {
        Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970) - 3600)
    }
}
