// SPDX-License-Identifier: Apache-2.0

import KeyCrypto
import PKI
import TestKit
import Testing

@Suite struct AutomakerJWSTests {
    private let pki: TestPKI
    private let content = Array(#"{"a":1}"#.utf8)

    init() throws { pki = try TestPKI() }

    @Test func `what Q signed is read with the root alone`() throws {
        let jws = try AutomakerJWS.signed(content, type: "a+jws", by: pki.automaker.signature)
        let signer = try signer(of: jws)
        #expect(signer.der == pki.automaker.signature.certificate.der)
        #expect(try AutomakerJWS.content(of: jws, signedBy: signer.publicKey) == content)
        #expect(throws: PKIError.mismatch("not b+jws")) {
            try AutomakerJWS.signer(
                of: jws, type: "b+jws", under: pki.automaker.root.certificate, at: TestPKI.now)
        }
        #expect(throws: PKIError.signature) {
            try AutomakerJWS.content(
                of: jws, signedBy: pki.automaker.root.certificate.publicKey)
        }
    }

    @Test func `a header that says more or less than ES256 by Q is refused`() throws {
        let q = Self.base64(pki.automaker.signature.certificate)
        let root = Self.base64(pki.automaker.root.certificate)
        let other = Self.base64(try TestPKI(seed: "other").automaker.root.certificate)
        let good = #"{"alg":"ES256","x5c":["\#(q)","\#(root)"]}"#
        #expect(try signer(of: headed(good)).publicKey == pki.automaker.signature.key.publicKey)
        for header in [
            #"{"alg":"none","x5c":["\#(q)"]}"#, #"{"alg":"HS256","x5c":["\#(q)"]}"#,
            #"{"x5c":["\#(q)"]}"#, #"{"alg":"ES256"}"#, #"{"alg":"ES256","x5c":[]}"#,
            #"{"alg":"ES256","x5c":["\#(q)"],"crit":["exp"],"exp":1}"#,
            #"{"alg":"ES256","x5c":["\#(q)","\#(other)"]}"#,
            #"{"alg":"ES256","x5c":["\#(q)","\#(root)","\#(root)"]}"#,
            #"{"alg":"ES256","x5c":["\#(root)"]}"#, #"{"alg":"ES256","x5c":["***"]}"#, "[]", "",
        ] {
            #expect(throws: PKIError.self, "\(header.prefix(40))") {
                try signer(of: headed(header))
            }
        }
    }

    @Test(arguments: ["", ".", "..", "...", "a.b", "a.b.c.d", "a.+/8=.c", "e30=.e30.e30"])
    func `text that is no JWS is refused`(text: String) {
        #expect(throws: PKIError.self) { try signer(of: text) }
        #expect(throws: PKIError.self) {
            try AutomakerJWS.content(of: text, signedBy: pki.automaker.signature.key.publicKey)
        }
    }

    @Test func `Base64 of URLs has no padding and its own two letters`() {
        #expect(Base64URL.text([0xFB, 0xFF]) == "-_8")
        #expect(Base64URL.bytes("-_8") == [0xFB, 0xFF])
        for text in ["+/8", "-_8=", "-_8 ", "a", "ä"] {
            #expect(Base64URL.bytes(text) == nil, "\(text)")
        }
    }

    private func signer(of jws: String) throws -> KeyCertificate {
        try AutomakerJWS.signer(
            of: jws, type: "a+jws", under: pki.automaker.root.certificate, at: TestPKI.now)
    }

    private func headed(_ header: String) -> String {
        Base64URL.text(Array(header.utf8)) + "." + Base64URL.text(content) + "."
    }

    /// Base64 of RFC 4648, as x5c has it.
    private static func base64(_ certificate: KeyCertificate) -> String {
        let text = Base64URL.text(certificate.der)
        return text.replacing("-", with: "+").replacing("_", with: "/")
            + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }
}
