// SPDX-License-Identifier: Apache-2.0

internal import DeviceOEM
public import Identifiers
internal import KeyCrypto
internal import ServiceKit
internal import VirtualPhone

extension Phone {
    /// Owner: takes back what nobody has a key for yet; the link is dead and its slot free again.
    ///
    /// The friend's phone reads in the mailbox that the offer ended (PROTOCOL 13.3). Where the relay
    /// does not answer, the link is as dead: this phone signs nothing for it.
    ///
    /// - Parameters:
    ///   - friend: as called when sharing.
    ///   - owner: only offers made with this key; none for those of every car.
    /// - Returns: a line for each offer; none when there is no offer to this friend.
    public func withdrawOffers(to friend: String, by owner: KeyID?) async throws -> SyncReport {
        try checkPower()
        var report = SyncReport()
        let offers = extras.invitations.filter {
            $0.friend == friend && $0.importRequest == nil && $0.owner == owner ?? $0.owner
        }
        guard !offers.isEmpty else { return report }
        let http = OutboundClient()
        for offer in offers {
            end(offer)
            try save()
            report.done.append("the invitation of \(friend) is taken back")
            do {
                try await relay(of: offer.mailbox, http).update(
                    offer.mailbox, .cancel("withdrawn"), step: "cancel")
            } catch {
                report.waiting.append(
                    "the relay was not told, but nobody gets a key with the link any more")
            }
        }
        try? await http.close()
        return report
    }
}
