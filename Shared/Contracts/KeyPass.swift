// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
public import Identifiers

/// What a wallet shows of a key; it opens nothing (docs/api.md, passes).
///
/// It travels as a JWS (RFC 7515, compact, ES256, certificate in `x5c`) by the vehicle OEM signing
/// key [Q]. It names neither the vehicle nor its owner, and holds no secret.
public struct KeyPass: Codable, Equatable, Sendable {
    /// `typ` of the JWS.
    public static let signedType = "key-pass+jws"
    /// Bytes of the largest signed pass.
    public static let signedLimit = 512 * 1024
    /// UTF-8 bytes of the longest text, and of `revision`.
    public static let textLimit = 256

    /// The key's state as its phone may know it.
    public enum State: String, Codable, Sendable, CaseIterable {
        /// Registered; sharing policy has not decided.
        case pending = "PENDING"
        case active = "ACTIVE"
        case suspended = "SUSPENDED"
        /// Ended or refused; the pass is void.
        case ended = "ENDED"
    }

    public var keyId: KeyID
    public var brand: String
    /// What the automaker calls the vehicle.
    public var model: String
    /// The pass in one line.
    public var title: String
    /// What the key may do, as people read it.
    public var entitlement: String
    public var validFrom: Instant
    /// None: no end.
    public var validTo: Instant?
    public var state: State
    /// Changes with anything else in the pass and with its signer; 32 hexadecimal digits here.
    public var revision: String
    public var artwork: Artwork

    public init(
        keyId: KeyID, brand: String, model: String, title: String, entitlement: String,
        validFrom: Instant, validTo: Instant?, state: State, revision: String, artwork: Artwork
    ) {
        self.keyId = keyId
        self.brand = brand
        self.model = model
        self.title = title
        self.entitlement = entitlement
        self.validFrom = validFrom
        self.validTo = validTo
        self.state = state
        self.revision = revision
        self.artwork = artwork
    }

    /// Whether its texts are short and of one line each.
    public var isLegible: Bool {
        [brand, model, title, entitlement, revision].allSatisfy { text in
            text.utf8.count <= Self.textLimit
                && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
        }
    }
}

extension KeyPass {
    /// The picture of a pass.
    public struct Artwork: Codable, Equatable, Sendable {
        /// What a picture may be.
        public enum MediaType: String, Codable, Sendable, CaseIterable {
            case svg = "image/svg+xml"
            case png = "image/png"
        }

        /// Bytes of the largest picture: 256 KiB.
        public static let limit = 256 * 1024

        public let mediaType: MediaType
        /// Base64.
        public let data: String

        /// Takes a picture whose first bytes say what it is; none for anything else or more bytes.
        public init?(_ bytes: [UInt8]) {
            guard let type = Self.mediaType(of: bytes) else { return nil }
            mediaType = type
            data = Data(bytes).base64EncodedString()
        }

        /// The picture; none when it is too large or not of its media type.
        public var bytes: [UInt8]? {
            guard data.utf8.count <= Self.limit * 4 / 3 + 4, let bytes = Data(base64Encoded: data),
                Self.mediaType(of: Array(bytes)) == mediaType
            else { return nil }
            return Array(bytes)
        }

        private static func mediaType(of bytes: [UInt8]) -> MediaType? {
            guard bytes.count <= limit else { return nil }
            if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
            guard let text = String(validating: bytes, as: UTF8.self),
                text.drop(while: { $0.isWhitespace || $0 == "\u{FEFF}" }).hasPrefix("<"),
                text.contains("<svg")
            else { return nil }
            return .svg
        }
    }
}
