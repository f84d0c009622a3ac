// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import PKI
import TestKit
import Testing

/// Any bytes end in a value or in a `PKIError`.
struct HostileInputTests {
    @Test func `an object cut at any byte is refused`() throws {
        for (name, der, parse) in try Self.objects() {
            for count in 0..<der.count {
                #expect(throws: PKIError.self, "\(name) cut to \(count)") {
                    try parse(Array(der.prefix(count)))
                }
            }
        }
    }

    /// One bit of every byte, another one each time: all of them take 15 s in a debug build.
    @Test func `an object with a bit flipped is refused or is read as exactly those bytes`() throws
    {
        var misread: [String] = []
        for (name, der, parse) in try Self.objects() {
            for bit in stride(from: 0, to: der.count * 8, by: 9) {
                var changed = der
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
                do {
                    if try parse(changed) != changed { misread.append("\(name) bit \(bit)") }
                } catch is PKIError {}
            }
        }
        #expect(misread == [])
    }

    @Test func `no flipped bit of an attestation leaves its signature good`() throws {
        let vector = try #require(
            Vectors.fixture("attestation").cases.first { $0.outputs.optional("package") != nil })
        let owner = try PublicKey(vector.intermediate.hex("ownerPK"))
        let der = try vector.outputs.hex("der")
        for bit in 0..<der.count * 8 {
            var changed = der
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: PKIError.self) {
                try Attestation(parsing: changed).verify(by: owner)
            }
        }
    }

    @Test func `what is too large is refused before it is read`() throws {
        let large = [0x30, 0x83, 0x01, 0x00, 0x00] + [UInt8](repeating: 0, count: 65_536)
        #expect(throws: PKIError.length) { try KeyConfig(parsing: large) }
        #expect(throws: PKIError.length) { try Attestation(parsing: large) }
        #expect(throws: PKIError.length) { try KeyCreationRequest(parsing: large) }
        #expect(throws: PKIError.length) { try KeyCertificate(der: large) }
        #expect(throws: PKIError.length) {
            try PEM.certificates(String(repeating: "-", count: 70_000))
        }
    }

    @Test func `deep nesting, bare tags and long tags are refused`() {
        let nested = (0..<60).reduce([UInt8]()) { inner, _ in
            [0x30, UInt8(min(inner.count, 127))] + inner
        }
        let inputs: [[UInt8]] = [
            [], [0x30], [0x30, 0x80], [0x30, 0x80, 0, 0], [0x1F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x30, 0x88] + [UInt8](repeating: 0xFF, count: 8),
            [0x00, 0x00], [0x30, 0x02, 0x05, 0x00], nested,
        ]
        for input in inputs {
            #expect(throws: PKIError.self) { try KeyConfig(parsing: input) }
            #expect(throws: PKIError.self) { try ImportRequest(parsing: input) }
            #expect(throws: PKIError.self) { try KeyCertificate(der: input) }
        }
    }

    @Test func `text that is not PEM is refused`() {
        for text in [
            "", "x", "-----BEGIN CERTIFICATE-----", "-----BEGIN X-----\nAA==\n-----END X-----",
        ] {
            #expect(throws: PKIError.self) { try KeyCertificate(pem: text) }
            #expect(throws: PKIError.self) { try PEM.privateKey(text) }
        }
    }

    private typealias Sample = (String, [UInt8], ([UInt8]) throws -> [UInt8])

    private static func objects() throws -> [Sample] {
        var samples: [Sample] = []
        for vector in try Vectors.fixture("attestation").cases {
            guard let der = try vector.outputs.optional("der")?.hex(),
                let parse = AttestationVectorTests.parser(vector.name)
            else { continue }
            samples.append((vector.name, der, { try parse($0).encoded }))
        }
        let certificates = try Vectors.fixture("certificates").root.member("certificates")
        for name in certificates.names {
            samples.append((name, try certificates.hex(name), { try KeyCertificate(der: $0).der }))
        }
        return samples
    }
}
