// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
public import Identifiers

/// The end-to-end encrypted payload of a relay mailbox (PROTOCOL 13.3), as its JSON has it.
public struct RelayPayload: Codable, Equatable, Sendable {
    /// `AEAD_AES_128_GCM` or `AEAD_AES_256_GCM`, by the size of the secret.
    public var type: String
    /// Base64 of IV(12) ‖ cipher text ‖ tag(16).
    public var data: String

    /// Keeps both.
    public init(type: String, data: String) {
        self.type = type
        self.data = data
    }

    /// The most Base64 characters of one payload, 1 MiB.
    public static let dataLimit = 1 << 20

    /// Encrypts with a fresh IV under a secret of 16 or 32 bytes (else `length`).
    public static func seal(
        _ content: RelayContent, secret: [UInt8], random: RandomSource
    ) throws(CryptoError) -> RelayPayload {
        try seal(clearText: content.clearText, secret: secret, random: random)
    }

    static func seal(
        clearText: [UInt8], secret: [UInt8], random: RandomSource
    ) throws(CryptoError) -> RelayPayload {
        let type = try type(of: secret)
        guard clearText.count <= dataLimit / 2 else { throw .length }
        let iv = random.bytes(12, for: Draw.relayIV)
        let sealed = iv + (try gcmSeal(key: secret, iv: iv, clearText))
        return RelayPayload(type: type, data: Data(sealed).base64EncodedString())
    }

    /// Decrypts; throws `length`, `version`, `malformed` or `mac`.
    public func open(secret: [UInt8]) throws(CryptoError) -> RelayContent {
        try RelayContent(clearText: openClearText(secret: secret))
    }

    func openClearText(secret: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard try Self.type(of: secret) == type else { throw .version }
        guard data.utf8.count <= Self.dataLimit else { throw .length }
        guard let sealed = Data(base64Encoded: data) else { throw .malformed }
        guard sealed.count >= 28 else { throw .mac }
        return try gcmOpen(
            key: secret, iv: Array(sealed.prefix(12)), Array(sealed.dropFirst(12)))
    }

    private static func type(of secret: [UInt8]) throws(CryptoError) -> String {
        switch secret.count {
        case 16: "AEAD_AES_128_GCM"
        case 32: "AEAD_AES_256_GCM"
        default: throw .length
        }
    }
}

/// The secret of a relay mailbox in the fragment of its link (PROTOCOL 13.3).
public enum RelaySecret {
    /// Standard Base64 with padding of 16 or 32 bytes.
    public static func fragment(of secret: [UInt8]) -> String {
        Data(secret).base64EncodedString()
    }

    /// Reads standard or URL-safe Base64 with or without padding; throws `malformed` for anything
    /// else and `length` for secrets that have neither 16 nor 32 bytes.
    public static func secret(fromFragment text: String) throws(CryptoError) -> [UInt8] {
        guard text.utf8.count <= 64 else { throw .length }
        var letters = text.map { letter -> Character in
            switch letter {
            case "-": "+"
            case "_": "/"
            default: letter
            }
        }
        if !letters.contains("=") {
            letters += repeatElement("=", count: (4 - letters.count % 4) % 4)
        }
        guard let secret = Data(base64Encoded: String(letters)) else { throw .malformed }
        guard secret.count == 16 || secret.count == 32 else { throw .length }
        return Array(secret)
    }
}
