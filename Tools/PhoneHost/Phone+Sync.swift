// SPDX-License-Identifier: Apache-2.0

internal import DeviceOEM
internal import Foundation
internal import Identifiers
internal import KeyCrypto
internal import PKI
internal import ServiceKit
internal import VirtualPhone

extension Phone {
    /// Settles everything that needs servers: shares, registration, what owners and holders wished
    /// while nobody heard, orders, proofs of ended keys, passes.
    ///
    /// What one step cannot do does not keep the others from it.
    ///
    /// - Parameters:
    ///   - registers: whether keys are registered with their automakers.
    ///   - refreshesPasses: whether also keys registered before are asked about.
    ///   - timeout: of every call.
    ///   - progress: told what is waited for.
    public func sync(
        registers: Bool = true, refreshesPasses: Bool = true, timeout: Duration = .seconds(10),
        progress: (String) -> Void = { _ in }
    ) async throws -> SyncReport {
        try checkPower()
        var report = SyncReport()
        let http = OutboundClient(timeout: timeout)
        let partners = try PartnerClient(maker, timeout: timeout)
        try noteKeys()
        do {
            try await settleInvitations(http, &report)
            try await settleAcceptances(http, &report)
            let former = card.state.keys.filter { $0.receipt != nil }.map(\.id)
            if registers { try await registerKeys(partners, &report) }
            try await tellRevocations(partners, &report)
            try await tellLostMode(partners, &report)
            try await carryOutOrders(&report, progress)
            try await proveEnds(partners, &report)
            try await fetchPasses(partners, except: refreshesPasses ? [] : former, &report)
        } catch {
            await close(http, partners)
            throw error
        }
        await close(http, partners)
        return report
    }

    private func close(_ http: OutboundClient, _ partners: PartnerClient) async {
        try? await http.close()
        await partners.close()
    }

    func relay(of mailbox: Mailbox, _ http: OutboundClient) throws -> RelayClient {
        let relay = try maker.relays().serving(mailbox.url)
        return RelayClient(relay: relay, client: http, random: random)
    }

    // MARK: - The owner's side of sharing

    private func settleInvitations(_ http: OutboundClient, _ report: inout SyncReport) async throws
    {
        for invitation in extras.invitations {
            do {
                try await settle(invitation, relay(of: invitation.mailbox, http), &report)
            } catch PhoneHostError.invitationGone {
                end(invitation)
                if !invitation.isDelivered {
                    report.done.append("the invitation of \(invitation.friend) has ended")
                }
            } catch {
                report.fail("the invitation of \(invitation.friend)", error)
            }
            try save()
        }
    }

    private func settle(
        _ invitation: Invitation, _ relay: RelayClient, _ report: inout SyncReport
    ) async throws {
        var invitation = invitation
        if let request = invitation.importRequest, !invitation.isDelivered {
            return try await deliver(&invitation, request, relay, &report)
        }
        switch try await relay.read(invitation.mailbox) {
        case .keyCreationRequest:
            report.waiting.append("\(invitation.friend) has not taken the invitation yet")
        case .importRequest:
            report.waiting.append("\(invitation.friend) has not taken the signed key yet")
        case .cancel:
            end(invitation)
            report.done.append("\(invitation.friend) declined the invitation")
            try await relay.delete(invitation.mailbox)
        case .keySigningRequest(let der):
            do {
                let signed = try card.sign(
                    KeySigningRequest(parsing: der), slot: invitation.slot, of: invitation.owner,
                    at: clock.now)
                invitation.importRequest = Data(signed.encoded)
                extras.friends.append(
                    .init(
                        key: signed.attestation.friendKeyId, name: invitation.friend,
                        level: invitation.level))
            } catch {
                end(invitation)
                try save()
                try await relay.update(invitation.mailbox, .cancel("refused"), step: "cancel")
                throw error
            }
            replace(invitation)
            // The slot is given away on disk before the signature leaves (PROTOCOL 10.5).
            try save()
            try await deliver(
                &invitation, invitation.importRequest ?? Data(), relay, &report)
        }
    }

    private func deliver(
        _ invitation: inout Invitation, _ request: Data, _ relay: RelayClient,
        _ report: inout SyncReport
    ) async throws {
        try await relay.update(
            invitation.mailbox, .importRequest(Array(request)), step: "importRequest")
        invitation.isDelivered = true
        replace(invitation)
        report.done.append(
            "signed a key for \(invitation.friend): \(invitation.level), \(vehicleName(of: invitation.owner))"
        )
    }

    private func replace(_ invitation: Invitation) {
        guard
            let index = extras.invitations.firstIndex(where: {
                $0.mailbox.url == invitation.mailbox.url
            })
        else { return }
        extras.invitations[index] = invitation
    }

    /// Forgets an invitation; a consent nobody used is taken back.
    func end(_ invitation: Invitation) {
        if invitation.importRequest == nil {
            try? card.withdrawShare(invitation.owner, slot: invitation.slot)
        }
        extras.invitations.removeAll { $0.mailbox.url == invitation.mailbox.url }
    }

    // MARK: - The friend's side of sharing

    private func settleAcceptances(_ http: OutboundClient, _ report: inout SyncReport) async throws
    {
        for acceptance in extras.acceptances {
            do {
                try await settle(acceptance, relay(of: acceptance.mailbox, http), &report)
            } catch PhoneHostError.invitationGone {
                decline(acceptance)
                report.done.append("an invitation has ended before the owner signed")
            } catch {
                report.fail("an invitation", error)
            }
            try save()
        }
    }

    private func settle(
        _ acceptance: Acceptance, _ relay: RelayClient, _ report: inout SyncReport
    ) async throws {
        var acceptance = acceptance
        guard let key = acceptance.key else { return forget(acceptance) }
        guard card.element.phase(of: key) == .creating else {
            // Imported, but the mailbox was not cleared yet.
            try await relay.delete(acceptance.mailbox)
            return forget(acceptance)
        }
        try await deliver(&acceptance, relay)
        switch try await relay.read(acceptance.mailbox) {
        case .keyCreationRequest, .keySigningRequest:
            report.waiting.append(
                "the owner's phone has not signed the key for \(vehicleName(of: key)) yet")
        case .cancel(let reason):
            decline(acceptance)
            report.failed.append("the owner took the invitation back: \(reason)")
        case .importRequest(let der):
            do {
                try card.importKey(ImportRequest(parsing: der))
            } catch {
                // The owner signs once: this key will never work, and must not block another one.
                decline(acceptance)
                try save()
                try? await relay.update(acceptance.mailbox, .cancel("refused"), step: "cancel")
                throw error
            }
            try save()
            try noteKeys()
            report.done.append("the key for \(vehicleName(of: key)) is ready")
            try await relay.delete(acceptance.mailbox)
            forget(acceptance)
        }
    }

    private func decline(_ acceptance: Acceptance) {
        if let key = acceptance.key { try? card.declineKey(key) }
        forget(acceptance)
    }
}
