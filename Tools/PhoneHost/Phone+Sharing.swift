// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import DeviceOEM
internal import Foundation
public import Identifiers
internal import KeyCrypto
public import PKI
internal import ServiceKit
internal import VirtualPhone

/// What an owner gives to whom.
public struct ShareTerms: Sendable {
    /// What the owner calls the friend.
    public var friend: String
    /// What the automaker calls the rights.
    public var level: String
    /// The rights and times.
    public var keyConfig: KeyConfig
    /// Six digits the friend enters in the car at first use.
    public var activationCode: String?

    /// Terms of one invitation.
    public init(friend: String, level: String, keyConfig: KeyConfig, activationCode: String?) {
        self.friend = friend
        self.level = level
        self.keyConfig = keyConfig
        self.activationCode = activationCode
    }
}

extension Phone {
    /// Owner: stores the consent, opens a mailbox with the request and returns the link for the
    /// friend; it holds a secret (PROTOCOL 12.3 steps 1 and 2).
    public func share(_ owner: KeyID, _ terms: ShareTerms) async throws -> String {
        try checkPower()
        guard let relay = try maker.relays().first else { throw PhoneHostError.noRelay }
        let request = try card.share(
            owner, ShareOffer(keyConfig: terms.keyConfig, activationCode: terms.activationCode))
        try save()
        let secret = random.bytes(16, for: "mailbox secret")
        let claim = RelayClient.uuid(random.bytes(16, for: "device claim"))
        let client = OutboundClient()
        let url: String
        do {
            url = try await RelayClient(relay: relay, client: client, random: random).create(
                .keyCreationRequest(request.encoded), claim: claim, secret: secret,
                until: clock.now.adding(seconds: RelayClient.life))
            try? await client.close()
        } catch {
            try? await client.close()
            try card.withdrawShare(owner, slot: request.slotId)
            try save()
            throw error
        }
        extras.invitations.append(
            Invitation(
                mailbox: Mailbox(url: url, claim: claim, secret: secret.hex), owner: owner,
                slot: request.slotId, friend: terms.friend, level: terms.level))
        try save()
        return InvitationLink.text(mailbox: url, secret: secret)
    }

    /// Friend: reads the offer, makes a key for it and asks for the owner's signature (steps 3, 4).
    ///
    /// Asked again with the same link, it goes on where it was cut off.
    ///
    /// - Returns: the key and what the vehicle is called.
    public func accept(_ text: String) async throws -> (key: KeyID, vehicle: String) {
        try checkPower()
        let (link, allowed) = try maker.relays().invitation(text)
        let client = OutboundClient()
        let relay = RelayClient(relay: allowed, client: client, random: random)
        do {
            let key = try await accept(link, relay)
            try? await client.close()
            return (key, vehicleName(of: key))
        } catch {
            try? await client.close()
            throw error
        }
    }

    private func accept(_ link: InvitationLink, _ relay: RelayClient) async throws -> KeyID {
        var own =
            extras.acceptances.first { $0.mailbox.url == link.mailbox }
            ?? Acceptance(
                mailbox: Mailbox(
                    url: link.mailbox, claim: RelayClient.uuid(random.bytes(16, for: "claim")),
                    secret: link.secret.exposed.hex))
        if own.key == nil {
            // The claim binds the mailbox to this phone at the first read, so keep it first.
            replace(own)
            try save()
            guard case .keyCreationRequest(let der) = try await relay.read(own.mailbox) else {
                forget(own)
                try save()
                throw PhoneHostError.invitationGone
            }
            do {
                let request = try card.accept(KeyCreationRequest(parsing: der), at: clock.now)
                own.signingRequest = Data(request.encoded)
                own.key = try KeyCertificate(der: request.endpoint).keyId
            } catch {
                forget(own)
                try save()
                try? await relay.update(own.mailbox, .cancel("refused"), step: "cancel")
                throw error
            }
            replace(own)
            try save()
            try noteKeys()
        }
        guard let key = own.key else { throw PhoneHostError.invitationGone }
        try await deliver(&own, relay)
        return key
    }

    /// Puts the friend's certificates into the mailbox, unless they are there.
    func deliver(_ own: inout Acceptance, _ relay: RelayClient) async throws {
        guard !own.isDelivered, let request = own.signingRequest else { return }
        try await relay.update(
            own.mailbox, .keySigningRequest(Array(request)), step: "keySigningRequest")
        own.isDelivered = true
        replace(own)
        try save()
    }

    func replace(_ own: Acceptance) {
        forget(own)
        extras.acceptances.append(own)
    }

    func forget(_ own: Acceptance) {
        extras.acceptances.removeAll { $0.mailbox.url == own.mailbox.url }
    }
}
