// SPDX-License-Identifier: Apache-2.0

public import DeviceOEM
internal import Foundation
public import Identifiers
internal import KeyCrypto
internal import PKI
internal import ServiceKit
internal import VirtualPhone

extension Phone {
    /// Owner: ends a key that was given away.
    ///
    /// The automaker is asked; where that is not possible the car hears of it at this phone's next
    /// standard transaction, which every tap at a dashboard is (PROTOCOL 10.7).
    public func revoke(_ key: KeyID, with owner: KeyID, offline: Bool = false) async throws
        -> SyncReport
    {
        try checkPower()
        var report = SyncReport()
        let name = friendName(of: key) ?? "key \(key)"
        if !offline {
            do {
                try await order(.terminate, key, by: owner)
                noteRevoked(key)
                try save()
                report.done.append("the automaker was asked to end the key of \(name)")
                return report
            } catch DeviceOEMError.refused(let call, let status, let code, let reason)
                where status != 404 && status < 500
            {
                throw DeviceOEMError.refused(
                    call: call, status: status, code: code, reason: reason)
            } catch let error as DeviceOEMError {
                report.waiting.append("the automaker was not told: \(error)")
            }
        }
        guard let share = card.state.shares.last(where: { $0.friend == key && $0.owner == owner })
        else { throw PhoneHostError.noShare("\(self.name) has not shared the key \(key)") }
        try card.retire([share.slotId], with: owner)
        noteRevoked(key)
        try save()
        report.done.append(
            "\(vehicleName(of: owner)) hears that the key of \(name) has ended when \(self.name) taps the dashboard next"
        )
        return report
    }

    private func noteRevoked(_ key: KeyID) {
        for index in extras.friends.indices where extras.friends[index].key == key {
            extras.friends[index].isRevoked = true
        }
    }

    private func order(_ action: ServerAction, _ key: KeyID, by owner: KeyID) async throws {
        let wallet = try card.state.key(owner)
        let request = try card.request(action, for: key, by: owner, at: clock.now)
        try await withPartners {
            try await $0.pass(request, to: maker.automaker(wallet.automaker))
        }
    }

    /// Holder: ends the own key at once; the automaker hears of it now or at the next sync.
    public func delete(_ key: KeyID, offline: Bool = false) async throws -> SyncReport {
        try checkPower()
        var report = SyncReport()
        let vehicle = vehicleName(of: key)
        if card.element.phase(of: key) == .creating {
            try card.declineKey(key)
            extras.acceptances.removeAll { $0.key == key }
            try save()
            report.done.append("the unfinished key for \(vehicle) is gone")
            return report
        }
        try card.terminateKey(key, reason: .user, at: clock.now)
        try save()
        try? passes.remove(key)
        report.done.append("the key for \(vehicle) has ended; it can never come back")
        guard !offline else { return report }
        let partners = try PartnerClient(maker)
        try await proveEnds(partners, &report)
        await partners.close()
        return report
    }

    /// Lost mode: every active key is suspended, or every suspended one resumed.
    public func setLost(_ isLost: Bool, offline: Bool = false) async throws -> SyncReport {
        try checkPower()
        var report = SyncReport()
        let before: KeyPhase = isLost ? .active : .suspended
        let id = "\(clock.milliseconds)"
        for key in card.state.keys where card.element.phase(of: key.id) == before {
            if isLost { try card.suspendKey(key.id) } else { try card.resumeKey(key.id) }
            try save()
            report.done.append(
                "the key for \(vehicleName(of: key.id)) is \(isLost ? "suspended" : "active again")"
            )
            guard !offline else { continue }
            do {
                try await withPartners {
                    try await $0.order(
                        suspended: isLost, key: key.id, id: id,
                        to: maker.automaker(key.automaker))
                }
            } catch DeviceOEMError.refused(_, 409, "KEY_STATE", _) where !isLost {
                // It was suspended without a network: the automaker never heard of it.
            } catch let error as DeviceOEMError {
                report.waiting.append("the automaker was not told: \(error)")
            }
        }
        return report
    }

    /// What automakers told about this phone's keys, newest first.
    public func notifications(limit: Int = 50) throws -> [DeviceOEMStore.Notification] {
        let keys = card.state.keys.map(\.id) + card.state.ended.map(\.id)
        return try maker.store.notifications(of: keys, limit: limit)
    }

    private func withPartners(_ work: (PartnerClient) async throws -> Void) async throws {
        let partners = try PartnerClient(maker)
        do {
            try await work(partners)
        } catch {
            await partners.close()
            throw error
        }
        await partners.close()
    }

    /// The public key of the owner who signed for `key`; see `Phone+Orders`.
    func ownerKey(behind key: KeyID, _ request: ServerRequest) throws -> PublicKey? {
        // An owner key of this very phone is the only one whose point is known here.
        guard card.element.phase(of: request.requesterKeyId) != nil else { return nil }
        return try card.element.publicKey(of: request.requesterKeyId)
    }
}
