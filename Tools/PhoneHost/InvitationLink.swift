// SPDX-License-Identifier: Apache-2.0

public import DeviceOEM
internal import Foundation
public import Identifiers
public import KeyCrypto

/// A share link: `https://host/v1/m/<uuid>?v=c#<secret>` (SERVER 2.4).
///
/// The fragment is the secret; it is taken off before any call and never sent to anybody.
public struct InvitationLink: Sendable {
    /// URL of the mailbox, without query and fragment.
    public let mailbox: String
    /// The relay it leads to.
    public let relay: Relay
    /// 16 or 32 bytes that the relay never sees.
    public let secret: SecretBytes

    /// Reads a link and refuses relays that are not on `allowed`.
    public init(parsing text: String, allowed: [Relay]) throws(PhoneHostError) {
        guard text.utf8.count <= 2048 else { throw .link("it is too long") }
        guard var link = URLComponents(string: text), let host = link.host, !host.isEmpty else {
            throw .link("it is no web address")
        }
        guard link.scheme?.lowercased() == "https" else { throw .link("it is not https") }
        guard link.user == nil, link.password == nil else { throw .link("it names a user") }
        guard let fragment = link.fragment, !fragment.isEmpty else {
            throw .link("the secret after # is missing")
        }
        let vertical = link.queryItems?.first { $0.name == "v" }?.value ?? "a"
        guard ["a", "c"].contains(vertical) else { throw .link("it is not for a car key") }
        do throws(CryptoError) {
            secret = SecretBytes(try RelaySecret.secret(fromFragment: fragment))
        } catch { throw .link("the secret after # is damaged") }
        guard let relay = allowed.first(where: { $0.serves(link) }) else {
            throw .relayNotAllowed(host: host + (link.port.map { ":\($0)" } ?? ""))
        }
        link.query = nil
        link.fragment = nil
        let path = link.path.split(separator: "/", omittingEmptySubsequences: false)
        guard path.count >= 4, path.suffix(3).starts(with: ["v1", "m"]),
            let last = path.last, UUID(uuidString: String(last)) != nil, let url = link.string
        else { throw .link("it does not lead to a mailbox") }
        self.relay = relay
        mailbox = url
    }

    /// The link for a mailbox of this project's own making.
    static func text(mailbox: String, secret: [UInt8]) -> String {
        "\(mailbox)?v=c#\(RelaySecret.fragment(of: secret))"
    }
}
