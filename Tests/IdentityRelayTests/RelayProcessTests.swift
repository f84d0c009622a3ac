// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import PKI
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

/// The executable as operators run it: HTTPS, settings, restarts, log.
@Suite struct RelayProcessTests {
    /// A relay process with its files, and a client that trusts it.
    struct Site {
        let folder: URL
        let environment: [String: String]
        let url: String
        let root: [UInt8]
        let client = OutboundClient()

        init(database: String) throws {
            let start = Instant(secondsSinceEpoch: WallClock.system.now.secondsSinceEpoch - 60)
            let authority = try TLSAuthority.make(named: "relay", from: start, random: .system)
            let server = try authority.server(
                dnsNames: ["localhost"], notBefore: start,
                notAfter: start.adding(seconds: 86_400), random: .system)
            folder = FileManager.default.temporaryDirectory
                .appending(path: "relay-\(UUID().uuidString)")
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true)
            let (certificate, key) = (
                folder.appending(path: "certificate.pem"), folder.appending(path: "key.pem")
            )
            try Data(server.pemCertificate.utf8).write(to: certificate)
            try Data(server.pemKey.utf8).write(to: key)
            let port = FreePort.take()
            url = "https://localhost:\(port)"
            root = Array(authority.certificate.pem.utf8)
            let prefix = "LATCHKEY_IDENTITY_RELAY_"
            environment = [
                prefix + "DATABASE_URL": database, prefix + "PUBLIC_URL": url,
                prefix + "LISTEN_ADDRESS": "127.0.0.1:\(port)",
                prefix + "TLS_CERTIFICATE": certificate.path, prefix + "TLS_KEY": key.path,
                // Nobody listens there: a broker that is away must not matter.
                prefix + "KAFKA": "127.0.0.1:\(FreePort.take())",
            ]
        }

        func send(_ method: String, _ url: String, claim: String, body: String? = nil)
            async throws -> OutboundClient.Answer
        {
            let headers = [
                ("Mailbox-Device-Claim", claim), ("Mailbox-Request-ID", UUID().uuidString),
                ("content-type", "application/json"),
            ]
            return try await client.send(
                method, url, headers: headers, body: body.map { Array($0.utf8) }, roots: root)
        }
    }

    @Test func `a killed relay comes back with its mailboxes, and its log links nobody`()
        async throws
    {
        let scratch = try await ScratchDatabase.make()
        let site = try Site(database: scratch.url)
        let (alice, bob) = (UUID().uuidString, UUID().uuidString)

        let first = try await RunningService.ready(
            "identity-relay", environment: site.environment)
        let end = Instant(secondsSinceEpoch: WallClock.system.now.secondsSinceEpoch + 600)
        let made = try await site.send(
            "POST", site.url + "/v1/m", claim: alice, body: RelayBench.creation(end: end))
        #expect(made.status == 200)
        let answer = try #require(
            try JSONSerialization.jsonObject(with: Data(made.body)) as? [String: Any])
        let link = try #require(answer["urlLink"] as? String)
        #expect(try await site.send("POST", link, claim: bob).status == 200)
        first.kill()
        _ = try await first.exitCode()

        let second = try await RunningService.ready(
            "identity-relay", environment: site.environment)
        let update = try await site.send(
            "PUT", link, claim: bob, body: RelayBench.update("BBBB"))
        #expect(update.status == 200)
        #expect(try await site.send("POST", link, claim: UUID().uuidString).status == 401)
        #expect(await second.probe("/livez")?.status == 200)
        #expect(
            await second.probe("/metrics")?.body.contains("http_server_requests_total") == true)
        let code = try await second.terminate()
        #expect(code == 0)

        let log = first.log + second.log
        let id = link.split(separator: "/").last.map(String.init) ?? "none"
        for secret in [alice, bob, id, "AAAA"] {
            #expect(!log.lowercased().contains(secret.lowercased()), "\(secret)")
        }
        #expect(log.contains("\"msg\":\"stopped\""))
        try await site.client.close()
        try await scratch.drop()
        try FileManager.default.removeItem(at: site.folder)
    }

    @Test func `wrong settings are told all at once, a taken port in one line`() async throws {
        let empty = try RunningService(
            "identity-relay", admin: "nowhere", environment: [:], arguments: ["--check"])
        #expect(try await empty.exitCode() == 2)
        for name in ["ADMIN_ADDRESS", "DATABASE_URL", "PUBLIC_URL", "TLS_KEY"] {
            #expect(empty.log.contains("LATCHKEY_IDENTITY_RELAY_\(name): "))
        }
        let scratch = try await ScratchDatabase.make()
        let site = try Site(database: scratch.url)
        let first = try await RunningService.ready(
            "identity-relay", environment: site.environment)
        let second = try RunningService(
            "identity-relay", admin: "127.0.0.1:\(FreePort.take())",
            environment: site.environment)
        #expect(try await second.exitCode() == 1)
        #expect(second.log.contains("the address is in use by another process"))
        #expect(try await first.terminate() == 0)
        try await scratch.drop()
        try FileManager.default.removeItem(at: site.folder)
    }
}
