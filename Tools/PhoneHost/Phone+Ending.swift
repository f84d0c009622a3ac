// SPDX-License-Identifier: Apache-2.0

public import DeviceOEM
internal import Foundation
public import Identifiers
internal import KeyCrypto
internal import PKI
internal import ServiceKit
internal import VirtualPhone

extension Phone {
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

    /// Holder: lets a key end by itself, or takes that back with none. Until then it works, and its
    /// car hears that it will end at the next standard transaction, which every drive is.
    ///
    /// - Parameter minutes: from now; this phone ends the key when it is next used after that.
    public func end(_ key: KeyID, inMinutes minutes: Int?) throws -> SyncReport {
        try checkPower()
        let time = minutes.map { clock.now.adding(seconds: Int64($0) * 60) }
        try card.endKey(key, at: time)
        try save()
        var report = SyncReport()
        let vehicle = vehicleName(of: key)
        report.done.append(
            time.map {
                "the key for \(vehicle) ends at \($0); its car hears of it at the next drive"
            } ?? "the key for \(vehicle) stays")
        return report
    }

    /// What automakers told about this phone's keys, newest first.
    public func notifications(limit: Int = 50) throws -> [DeviceOEMStore.Notification] {
        let keys = card.state.keys.map(\.id) + card.state.ended.map(\.id)
        return try maker.store.notifications(of: keys, limit: limit)
    }

    func withPartners(_ work: (PartnerClient) async throws -> Void) async throws {
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
