// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import PKI
import TestKit
import Testing
import VirtualPhone

@testable import PhoneHost

/// Which passes a wallet takes, and what it shows of them.
@Suite struct WalletPassTests {
    private let pki: TestPKI
    private let key = KeyID(uncheckedBytes: [UInt8](repeating: 7, count: 20))

    init() throws { pki = try TestPKI() }

    @Test func `a pass by the automaker's Q is taken, and says who signed it`() throws {
        let pass = try taken(signed(pass()))
        #expect(pass.content == (try self.pass()))
        #expect(pass.artwork == Array("<svg/>".utf8))
        #expect(pass.signer == "roadworks signature [test]")
    }

    @Test func `a forged pass is refused`() throws {
        let other = try TestPKI(seed: "elsewhere").automaker
        let parts = try signed(pass()).split(separator: ".").map(String.init)
        var ended = try pass()
        ended.state = .ended
        let forged = try signed(ended).split(separator: ".").map(String.init)
        for jws in [
            [parts[0], forged[1], parts[2]].joined(separator: "."),
            [parts[0], parts[1], forged[2]].joined(separator: "."),
            [parts[0], parts[1], ""].joined(separator: "."),
            [parts[0], parts[1]].joined(separator: "."),
            try signed(pass(), by: other.signature), try signed(pass(), by: pki.automaker.root),
            try signed(pass(), by: pki.automaker.encryption),
            try signed(pass(), type: VehicleDocument.signedType), "", "..",
        ] {
            #expect(throws: PhoneHostError.self, "\(jws.prefix(80))") { try taken(jws) }
        }
    }

    @Test func `a Q that has expired, or is not that of the bundle, signs no pass`() throws {
        let jws = try signed(pass())
        let end = pki.automaker.signature.certificate.notAfter
        #expect(throws: PhoneHostError.self) { try taken(jws, at: end.adding(seconds: 1)) }
        #expect(throws: PhoneHostError.self) {
            try taken(jws, at: TestPKI.start.adding(seconds: -1))
        }
        // What was checked when it came is shown later, too.
        #expect(try taken(jws, at: nil).content.keyId == key)
        let second = try pki.automaker.root.makeSubordinate(
            .serverSignature, named: "second [test]", from: TestPKI.start, purpose: "Q2",
            random: TestPKI.random(seed: "Q2"))
        #expect(throws: PhoneHostError.self) { try taken(signed(pass(), by: second)) }
        #expect(try taken(signed(pass(), by: second), also: second).signer == "second [test]")
    }

    @Test func `a pass of another key or beyond the limits is refused`() throws {
        let changes: [(String, (inout KeyPass) -> Void)] = [
            ("another key", { $0.keyId = KeyID(uncheckedBytes: [UInt8](repeating: 8, count: 20)) }),
            ("long title", { $0.title = String(repeating: "x", count: KeyPass.textLimit + 1) }),
            ("long revision", { $0.revision = String(repeating: "0", count: 257) }),
            ("escape sequence", { $0.brand = "\u{1B}[2J" }),
            ("two lines", { $0.entitlement = "Owner\nof everything" }),
        ]
        for (what, change) in changes {
            var pass = try pass()
            change(&pass)
            #expect(throws: PhoneHostError.self, "\(what)") { try taken(signed(pass)) }
        }
        let png = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]).base64EncodedString()
        let large = Data("<svg>".utf8 + [UInt8](repeating: 0x20, count: KeyPass.Artwork.limit))
        for (type, data) in [
            ("image/svg+xml", png), ("image/png", "PHN2Zy8+"), ("image/gif", png),
            ("image/svg+xml", "***"), ("image/svg+xml", large.base64EncodedString()),
        ] {
            var members = try #require(
                try JSONSerialization.jsonObject(with: JSONEncoder().encode(pass()))
                    as? [String: Any])
            members["artwork"] = ["mediaType": type, "data": data]
            let jws = try AutomakerJWS.signed(
                Array(JSONSerialization.data(withJSONObject: members)), type: KeyPass.signedType,
                by: pki.automaker.signature)
            #expect(throws: PhoneHostError.self, "\(type) \(data.prefix(8))") { try taken(jws) }
        }
        let vast = try signed(pass()) + String(repeating: "A", count: KeyPass.signedLimit)
        #expect(throws: PhoneHostError.pass("it is too large")) { try taken(vast) }
    }

    @Test(arguments: KeyPhase.allCases, KeyPass.State.allCases)
    func `the wallet shows the stricter of what it knows and what it was told`(
        phase: KeyPhase, told: KeyPass.State
    ) throws {
        var content = try pass()
        content.state = told
        let shown = try taken(signed(content)).state(beside: entry(phase), at: TestPKI.now)
        let expected =
            switch (phase, told) {
            case (.active, .active): "active"
            case (.active, .pending): "pending"
            case (.active, .suspended): "suspended"
            case (.active, .ended): "ended"
            case (.creating, _), (.suspended, _), (.terminated, _): phase.rawValue
            }
        #expect(shown == expected)
    }

    @Test func `a pass tells when its key is not valid yet, or no longer`() throws {
        let pass = try taken(signed(pass()))
        let day: Int64 = 86_400
        let rights = KeyConfig(
            profile: .full, notBefore: TestPKI.now, notAfter: TestPKI.now.adding(seconds: day))
        let key = entry(.active, rights)
        #expect(pass.state(beside: key, at: TestPKI.now.adding(seconds: -1)) == "waiting")
        #expect(pass.state(beside: key, at: TestPKI.now) == "active")
        #expect(pass.state(beside: key, at: TestPKI.now.adding(seconds: day)) == "expired")
    }

    // MARK: - Material

    private func pass() throws -> KeyPass {
        KeyPass(
            keyId: key, brand: "Brand", model: "Model", title: "Brand Model", entitlement: "Owner",
            validFrom: TestPKI.start, validTo: nil, state: .active, revision: "00",
            artwork: try #require(KeyPass.Artwork(Array("<svg/>".utf8))))
    }

    private func signed(
        _ pass: KeyPass, by signer: CertifiedKey? = nil, type: String = KeyPass.signedType
    ) throws -> String {
        try AutomakerJWS.signed(
            Array(JSONEncoder().encode(pass)), type: type, by: signer ?? pki.automaker.signature)
    }

    private func taken(
        _ jws: String, also second: CertifiedKey? = nil, at now: Instant? = TestPKI.now
    ) throws -> WalletPass {
        let signers = [pki.automaker.signature] + (second.map { [$0] } ?? [])
        return try WalletPass(
            checking: jws, of: key, root: pki.automaker.root.certificate,
            signatureKeys: signers.map(\.certificate.publicKey), at: now)
    }

    private func entry(_ phase: KeyPhase, _ rights: KeyConfig? = nil) -> KeyEntry {
        KeyEntry(
            id: key, vehicleId: VehicleID(uncheckedBytes: [UInt8](repeating: 1, count: 8)),
            vehicleName: nil, isOwner: true, phase: phase, isRegistered: true, rights: rights,
            shared: [])
    }
}
