// SPDX-License-Identifier: Apache-2.0

import Contracts
import DeviceOEM
import Identifiers
import KeyCrypto
import PhoneHost
import Testing

@Suite struct InvitationLinkTests {
    private let relays = [
        Relay(url: "https://relay.example", tlsRoot: nil),
        Relay(url: "https://127.0.0.1:8443", tlsRoot: nil),
    ]
    private static let id = "2ba4b8d8-54c2-4a5e-8e4c-6d4c5a8b1f10"
    private static let secret = "AAECAwQFBgcICQoLDA0ODw=="

    @Test(arguments: [
        "https://relay.example/v1/m/\(id)?v=c#\(secret)",
        "https://RELAY.example:443/v1/m/\(id)#\(secret)",
        "https://127.0.0.1:8443/v1/m/\(id)?v=c#AAECAwQFBgcICQoLDA0ODw",
        "https://relay.example/v1/m/\(id)?v=c#_-ECAwQFBgcICQoLDA0ODw",
    ])
    func `a link of an allowed relay is read without its secret in the address`(
        _ text: String
    ) throws {
        let (link, relay) = try relays.invitation(text)
        #expect(relays.contains(relay))
        #expect(link.secret.exposed.count == 16)
        #expect(link.mailbox.hasSuffix("/v1/m/\(Self.id)"))
        #expect(!"\(link)".contains("AAEC"))
    }

    @Test(arguments: [
        "https://evil.example/v1/m/\(id)?v=c#\(secret)",
        "https://relay.example.evil/v1/m/\(id)?v=c#\(secret)",
        "https://127.0.0.1:8444/v1/m/\(id)?v=c#\(secret)",
    ])
    func `a relay that is not allowed is refused by its name`(_ text: String) {
        let error = #expect(throws: PhoneHostError.self) {
            try relays.invitation(text)
        }
        guard case .relayNotAllowed = error else {
            Issue.record("refused with \(String(describing: error))")
            return
        }
    }

    @Test(arguments: [
        "", "hello", "https://relay.example/ü/v1/m/\(id)#\(secret)",
        "http://relay.example/v1/m/\(id)#\(secret)",
        "https://relay.example/v1/m/\(id)?v=c", "https://relay.example/v1/m/\(id)?v=c#",
        "https://relay.example/v1/m/\(id)?v=c#AAAA", "https://relay.example/v1/m/\(id)?v=c#!!",
        "https://relay.example/v1/m/\(id)?v=h#\(secret)", "https://relay.example/v1/m/x#\(secret)",
        "https://relay.example/\(id)#\(secret)", "https://a:b@relay.example/v1/m/\(id)#\(secret)",
        "https://relay.example/v1/m/\(id)#" + String(repeating: "A", count: 3000),
    ])
    func `what is no invitation is refused`(_ text: String) {
        let error = #expect(throws: PhoneHostError.self) {
            try relays.invitation(text)
        }
        guard case .link = error else {
            Issue.record("refused with \(String(describing: error))")
            return
        }
    }
}
