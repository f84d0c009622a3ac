// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
public import Identifiers
public import KeyCrypto

/// What the automaker says of a vehicle or a key: a compact JWS (RFC 7515), ES256 by a key of [Q].
///
/// ```
/// BASE64URL({"alg":"ES256","typ":"…","x5c":["[Q]"]}) . BASE64URL(content) . BASE64URL(r‖s)
/// ```
/// The certificate comes with the words, so that [Q] can be replaced while a car is away; the root
/// [J] may follow it.
public enum AutomakerJWS {
    private struct Header: Codable {
        var alg: String
        var typ: String?
        var x5c: [String]?
        /// Extensions one must understand (4.1.11); none is.
        var crit: [String]?
    }

    /// Signs `content`; `type` keeps one kind of statement from being taken for another.
    public static func signed(
        _ content: [UInt8], type: String, by signer: CertifiedKey
    ) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let header = try encoder.encode(
            Header(
                alg: "ES256", typ: type,
                x5c: [Data(signer.certificate.der).base64EncodedString()]))
        let input = Base64URL.text(Array(header)) + "." + Base64URL.text(content)
        return input + "." + Base64URL.text(try signer.key.signature(for: Array(input.utf8)))
    }

    /// The certificate whose key should have signed: a [Q] under `root`, valid at `now` (PROTOCOL
    /// 11.5). A header that names another type than `type` is refused.
    public static func signer(
        of jws: String, type: String, under root: KeyCertificate, at now: Instant?
    ) throws(PKIError) -> KeyCertificate {
        guard let first = jws.split(separator: ".", omittingEmptySubsequences: false).first,
            let bytes = Base64URL.bytes(first),
            let header = try? JSONDecoder().decode(Header.self, from: Data(bytes))
        else { throw .jws("not compact, or without alg") }
        guard header.alg == "ES256", header.crit == nil else {
            throw .jws("not signed with ES256 alone")
        }
        guard (header.typ ?? type) == type else { throw .mismatch("not \(type)") }
        guard let chain = header.x5c, let leaf = chain.first, chain.count <= 2 else {
            throw .jws("x5c is not [Q] with or without its root")
        }
        if let last = chain.dropFirst().first, Data(base64Encoded: last) != Data(root.der) {
            throw .chain("x5c leads to another root")
        }
        let certificate = try KeyCertificate(der: Array(Data(base64Encoded: leaf) ?? Data()))
        try ChainVerifier.issued(
            certificate, as: .serverSignature, by: TrustAnchor(root), at: now)
        return certificate
    }

    /// The content, when `key` signed it.
    public static func content(
        of jws: String, signedBy key: PublicKey
    ) throws(PKIError) -> [UInt8] {
        let parts = jws.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let content = Base64URL.bytes(parts[1]),
            let signature = Base64URL.bytes(parts[2])
        else { throw .jws("not compact") }
        guard key.isValid(signature, for: Array("\(parts[0]).\(parts[1])".utf8)) else {
            throw .signature
        }
        return content
    }
}

/// Base64 with the alphabet of URLs and without padding (RFC 7515, section 2).
public enum Base64URL {
    /// The text of `bytes`.
    public static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    /// The bytes of `text`; none for another alphabet, padding included.
    public static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        guard !text.utf8.contains(where: { "+/=".utf8.contains($0) }) else { return nil }
        let plain = String(text).replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        return Data(base64Encoded: plain + padding).map { Array($0) }
    }
}
