// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Identifiers
import PKI
import ServiceKit
import ServiceLifecycle
import TestKit
import Testing

@Suite struct MutualTLSTests {
    static let start = Instant(secondsSinceEpoch: WallClock.system.now.secondsSinceEpoch - 3600)

    /// One party's TLS root and what it issues.
    struct Party {
        let authority: TLSAuthority
        init(_ name: String) throws {
            authority = try .make(named: name, from: MutualTLSTests.start, random: .system)
        }
        var root: [UInt8] { authority.certificate.der }
        func server() throws -> TLSCredentials {
            try credentials(
                authority.server(
                    dnsNames: ["localhost"], addresses: [[127, 0, 0, 1]],
                    notBefore: MutualTLSTests.start,
                    notAfter: MutualTLSTests.start.adding(seconds: 86_400), random: .system))
        }
        func client(_ name: String, until seconds: Int64 = 86_400) throws -> TLSCredentials {
            try credentials(
                authority.client(
                    named: name, notBefore: MutualTLSTests.start,
                    notAfter: MutualTLSTests.start.adding(seconds: seconds), random: .system))
        }
        private func credentials(_ identity: TLSIdentity) throws -> TLSCredentials {
            try TLSCredentials(
                certificatePEM: Array(identity.pemCertificate.utf8),
                keyPEM: Array(identity.pemKey.utf8))
        }
    }

    /// Serves `GET /who`, which names the partner, while `body` runs.
    private func serve(
        _ server: Party, _ roots: ClientRoots, _ body: (_ url: String) async throws -> Void
    ) async throws {
        let port = FreePort.take()
        let listener = HTTPListener(
            "partner", at: ListenAddress(host: "127.0.0.1", port: port),
            host: ServiceHost(service: "sample"),
            security: .mutualTLS(try server.server(), clients: roots), style: .partner
        ) { router in
            router.get("who") { _, context in
                try context.json(["partners": context.peer?.partners.sorted() ?? []])
            }
        }
        let group = ServiceGroup(
            services: [listener], logger: ServiceHost(service: "sample").logger)
        async let running: Void = group.run()
        try await body("https://localhost:\(port)/who")
        await group.triggerGracefulShutdown()
        try await running
    }

    private func ask(_ client: OutboundClient, _ url: String, _ roots: [UInt8]) async throws
        -> OutboundClient.Answer
    {
        // The listener may need a moment to bind.
        for _ in 0..<50 {
            if let answer = try? await client.send("GET", url, roots: roots) { return answer }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try await client.send("GET", url, roots: roots)
    }

    @Test func `partners come, are told apart, and go while the listener runs`() async throws {
        let (maker, alice, bob) = (try Party("maker"), try Party("alice"), try Party("bob"))
        let pem = Array(maker.authority.certificate.pem.utf8)
        let roots = ClientRoots([try ClientRoot(name: "alice-oem", der: alice.root)])
        let (hers, his) = (
            OutboundClient(credentials: try alice.client("alice-oem")),
            OutboundClient(credentials: try bob.client("bob-oem"))
        )
        try await serve(maker, roots) { url in
            let first = try await ask(hers, url, pem)
            #expect(String(decoding: first.body, as: UTF8.self) == #"{"partners":["alice-oem"]}"#)
            await #expect(throws: (any Error).self) { try await his.send("GET", url, roots: pem) }

            roots.replace(with: [try ClientRoot(name: "bob-oem", der: bob.root)])
            let second = try await ask(his, url, pem)
            #expect(String(decoding: second.body, as: UTF8.self) == #"{"partners":["bob-oem"]}"#)
            // Her connection is still open, but she is a partner no more.
            let third = try await ask(hers, url, pem)
            #expect(third.status == 401)
            #expect(String(decoding: third.body, as: UTF8.self).contains("CLIENT_CERT_UNKNOWN"))
        }
        try await hers.close()
        try await his.close()
    }

    @Test func `nobody enters without a certificate or with one that has ended`() async throws {
        let (maker, alice) = (try Party("maker"), try Party("alice"))
        let pem = Array(maker.authority.certificate.pem.utf8)
        let roots = ClientRoots([try ClientRoot(name: "alice-oem", der: alice.root)])
        let welcome = OutboundClient(credentials: try alice.client("alice-oem"))
        let strangers = [
            OutboundClient(), OutboundClient(credentials: try alice.client("alice-oem", until: 60)),
        ]
        try await serve(maker, roots) { url in
            let answer = try await ask(welcome, url, pem)
            #expect(answer.status == 200)
            for stranger in strangers {
                await #expect(throws: (any Error).self) {
                    try await stranger.send("GET", url, roots: pem)
                }
            }
            // A client that trusts somebody else's root does not talk to us either.
            await #expect(throws: (any Error).self) {
                try await welcome.send(
                    "GET", url, roots: Array(alice.authority.certificate.pem.utf8))
            }
        }
        for client in strangers + [welcome] { try await client.close() }
    }

    @Test func `PEM that is none is refused without its content`() throws {
        #expect(throws: TLSError.noCertificate) {
            try TLSCredentials(certificatePEM: [], keyPEM: [])
        }
        let file = SettingFile(path: "/run/secrets/key", bytes: Array("hidden".utf8))
        let error = #expect(throws: TLSError.self) {
            try TLSCredentials(certificate: file, key: file)
        }
        #expect(error?.description.contains("hidden") == false)
        #expect(throws: TLSError.noCertificate) { try ClientRoot(name: "x", der: [0x30, 0x00]) }
        #expect(throws: TLSError.noCertificate) { try ClientRoot.all(name: "x", pem: [1]) }
    }
}
