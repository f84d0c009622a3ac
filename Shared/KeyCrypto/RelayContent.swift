// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials

/// What two phones tell each other through the relay (PROTOCOL 13.3).
///
/// ```text
/// {"format":"digitalwallet.carkey.ccc","content":{"<name>":"<Base64 DER>"}}
/// ```
public enum RelayContent: Equatable, Sendable {
    /// DER of KeyCreationRequest, owner to friend.
    case keyCreationRequest([UInt8])
    /// DER of KeySigningRequest, friend to owner.
    case keySigningRequest([UInt8])
    /// DER of ImportRequest, owner to friend.
    case importRequest([UInt8])
    /// Either side gave up, with a reason for people.
    case cancel(String)

    static let format = "digitalwallet.carkey.ccc"

    /// The UTF-8 JSON that is encrypted.
    var clearText: [UInt8] {
        let (name, value) =
            switch self {
            case .keyCreationRequest(let der): ("keyCreationRequest", Self.base64(der))
            case .keySigningRequest(let der): ("keySigningRequest", Self.base64(der))
            case .importRequest(let der): ("importRequest", Self.base64(der))
            case .cancel(let reason): ("cancel", Self.quoted(reason))
            }
        return Array(#"{"format":"\#(Self.format)","content":{"\#(name)":\#(value)}}"#.utf8)
    }

    /// Reads the JSON; anything but exactly one known member is `malformed`.
    init(clearText: [UInt8]) throws(CryptoError) {
        guard let text = try? JSONDecoder().decode(ClearText.self, from: Data(clearText)),
            text.format == Self.format, text.content.count == 1,
            let (name, value) = text.content.first
        else { throw .malformed }
        if name == "cancel" {
            self = .cancel(value)
            return
        }
        guard let data = Data(base64Encoded: value) else { throw .malformed }
        switch name {
        case "keyCreationRequest": self = .keyCreationRequest(Array(data))
        case "keySigningRequest": self = .keySigningRequest(Array(data))
        case "importRequest": self = .importRequest(Array(data))
        default: throw .malformed
        }
    }

    private struct ClearText: Decodable {
        let format: String
        let content: [String: String]
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        "\"" + Data(bytes).base64EncodedString() + "\""
    }

    private static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let json = try? encoder.encode(text) else { return "\"\"" }
        return String(decoding: json, as: UTF8.self)
    }
}
