// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
public import Identifiers
public import KeyCrypto

/// A share link: `https://host/v1/m/<uuid>?v=c#<secret>` (SERVER 2.4).
///
/// The fragment is the secret; it is taken off before any call and never sent to anybody.
public struct InvitationLink: Sendable {
    /// URL of the mailbox, without query and fragment.
    public let mailbox: String
    /// 16 or 32 bytes that the relay never sees.
    public let secret: SecretBytes

    /// What a text is instead of an invitation, as the end of a sentence.
    public struct Refusal: Error, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// Reads a link to any relay.
    public init(parsing text: String) throws(Refusal) {
        func refusal(_ text: String) -> Refusal { Refusal(description: text) }
        guard text.utf8.count <= 2048 else { throw refusal("it is too long") }
        // As it is: with bytes encoded for it, the address of a mailbox could be longer than any link.
        guard var link = URLComponents(string: text, encodingInvalidCharacters: false),
            link.host?.isEmpty == false
        else { throw refusal("it is no web address") }
        guard link.scheme?.lowercased() == "https" else { throw refusal("it is not https") }
        guard link.user == nil, link.password == nil else { throw refusal("it names a user") }
        guard let fragment = link.fragment, !fragment.isEmpty else {
            throw refusal("the secret after # is missing")
        }
        let vertical = link.queryItems?.first { $0.name == "v" }?.value ?? "a"
        guard ["a", "c"].contains(vertical) else { throw refusal("it is not for a car key") }
        do throws(CryptoError) {
            secret = SecretBytes(try RelaySecret.secret(fromFragment: fragment))
        } catch { throw refusal("the secret after # is damaged") }
        link.query = nil
        link.fragment = nil
        let path = link.path.split(separator: "/", omittingEmptySubsequences: false)
        guard path.count >= 4, path.suffix(3).starts(with: ["v1", "m"]),
            let last = path.last, UUID(text: String(last)) != nil, let url = link.string
        else { throw refusal("it does not lead to a mailbox") }
        mailbox = url
    }

    /// The link for a mailbox of this project's own making.
    public static func text(mailbox: String, secret: [UInt8]) -> String {
        "\(mailbox)?v=c#\(RelaySecret.fragment(of: secret))"
    }
}
