// SPDX-License-Identifier: Apache-2.0

internal import DeviceOEM
public import Identifiers
internal import PKI
internal import ServiceKit
internal import VirtualPhone

// Keys that were given away end.

extension Phone {
    /// Owner: ends a key that was given away.
    ///
    /// The automaker is asked; where that is not possible the car hears of it at this phone's next
    /// standard transaction, which every tap at a dashboard is (PROTOCOL 10.7), and the automaker at
    /// the next sync.
    ///
    /// - Parameter offline: the car alone is told.
    public func revoke(_ key: KeyID, with owner: KeyID, offline: Bool = false) async throws
        -> SyncReport
    {
        try checkPower()
        var report = SyncReport()
        let name = friendName(of: key) ?? "key \(key)"
        if !offline {
            do {
                try await withPartners { try await ask(for: key, by: owner, $0) }
                noteRevoked(key, isTold: true)
                try save()
                report.done.append(Self.asked(name))
                return report
            } catch DeviceOEMError.refused(let call, let status, let code, let reason)
                where status != 404 && status < 500
            {
                throw DeviceOEMError.refused(
                    call: call, status: status, code: code, reason: reason)
            } catch let error as DeviceOEMError {
                report.waiting.append(
                    "the automaker was not told, which the next sync does: \(error)")
            }
        }
        guard let share = card.state.shares.last(where: { $0.friend == key && $0.owner == owner })
        else { throw PhoneHostError.noShare("\(self.name) has not shared the key \(key)") }
        try card.retire([share.slotId], with: owner)
        noteRevoked(key, isTold: offline)
        try save()
        report.done.append(
            "\(vehicleName(of: owner)) hears that the key of \(name) has ended when \(self.name) taps the dashboard next"
        )
        return report
    }

    /// Tells automakers of ends that they could not be asked for at the time.
    func tellRevocations(_ partners: PartnerClient, _ report: inout SyncReport) async throws {
        for friend in extras.friends where friend.isUntold == true {
            // A suspended key signs nothing; there will be another sync.
            guard let share = card.state.shares.last(where: { $0.friend == friend.key }),
                card.element.phase(of: share.owner) == .active
            else { continue }
            do {
                try await ask(for: friend.key, by: share.owner, partners)
                report.done.append(Self.asked(friend.name))
            } catch DeviceOEMError.refused(_, let status, _, _)
                where [404, 409, 410].contains(status)
            {
                // It has ended meanwhile, or the automaker never knew it: the car ends it alone.
            } catch {
                report.fail("the automaker was not asked to end the key of \(friend.name)", error)
                continue
            }
            noteRevoked(friend.key, isTold: true)
            try save()
        }
    }

    private static func asked(_ friend: String) -> String {
        "the automaker was asked to end the key of \(friend)"
    }

    private func noteRevoked(_ key: KeyID, isTold: Bool) {
        for index in extras.friends.indices where extras.friends[index].key == key {
            extras.friends[index].isRevoked = true
            extras.friends[index].isUntold = isTold ? nil : true
        }
    }

    /// Asks the automaker to end `key`, with the owner's signature.
    private func ask(for key: KeyID, by owner: KeyID, _ partners: PartnerClient) async throws {
        let wallet = try card.state.key(owner)
        let request = try card.request(.terminate, for: key, by: owner, at: clock.now)
        try await partners.pass(request, to: maker.automaker(wallet.automaker))
    }
}
