// SPDX-License-Identifier: Apache-2.0

public import Contracts
public import DeviceOEM
internal import Foundation

extension [Relay] {
    /// Reads a share link with the relay that it leads to; no other relay is believed.
    public func invitation(
        _ text: String
    ) throws(PhoneHostError) -> (link: InvitationLink, relay: Relay) {
        let link: InvitationLink
        do throws(InvitationLink.Refusal) {
            link = try InvitationLink(parsing: text)
        } catch { throw .link(error.description) }
        return (link, try serving(link.mailbox))
    }

    /// The relay that has the mailbox at this URL.
    func serving(_ mailbox: String) throws(PhoneHostError) -> Relay {
        let link = URLComponents(string: mailbox)
        guard let link, let relay = first(where: { $0.serves(link) }) else {
            let port = link?.port.map { ":\($0)" } ?? ""
            throw .relayNotAllowed(host: (link?.host ?? "of the invitation") + port)
        }
        return relay
    }
}
