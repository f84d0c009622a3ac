// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol
internal import PKI

// Sharing, the owner's side: steps 1, 2 and 5 of PROTOCOL 12.3.

extension SecureElement {
    /// Consents kept per key, used ones included, so that a used one is recognised.
    private static let consentLimit = 32

    /// The slot the next share takes: the lowest valid position 2...8 that no consent holds (10.5).
    func nextSlot(of owner: KeyID) throws(PhoneError) -> SlotID {
        let endpoint = try sharing(owner)
        for position in UInt8(2)...Limits.positions
        where endpoint.slotBitmap & MailboxLayout.bit(position: position) != 0 {
            guard let slot = endpoint.listedSlot(at: position), slot.position == position,
                !endpoint.consents.contains(where: { $0.slotId == slot })
            else { continue }
            return slot
        }
        throw .noSlotLeft
    }

    /// The owner's word for one signature over exactly this request; authentication is the shell's.
    mutating func grantConsent(
        _ owner: KeyID, to request: KeyCreationRequest, activationCode: String?
    ) throws(PhoneError) {
        var endpoint = try sharing(owner)
        guard try nextSlot(of: owner) == request.slotId else { throw .noSlotLeft }
        let open = endpoint.consents.filter { !$0.isUsed }
        let used = endpoint.consents.filter(\.isUsed).suffix(Self.consentLimit)
        endpoint.consents =
            used + open + [
                Consent(
                    slotId: request.slotId, request: StoredBytes(request.encoded),
                    activationCode: activationCode.map { SecretBytes(Array($0.utf8)) })
            ]
        update(endpoint)
    }

    /// Takes an unused consent back; its position is free for another share.
    mutating func withdrawConsent(_ owner: KeyID, for slot: SlotID) throws(PhoneError) {
        var endpoint = try sharing(owner)
        guard endpoint.consents.contains(where: { $0.slotId == slot && !$0.isUsed }) else {
            throw .noConsent
        }
        endpoint.consents.removeAll { $0.slotId == slot }
        update(endpoint)
    }

    /// Step 5: verifies the friend's key, gives the slot away, signs and exports the token.
    ///
    /// Returns with the slot bit cleared and the consent used, or throws and changes nothing: no
    /// signature leaves while its slot is free, and no slot is lost without one. `rootName` is the
    /// name of [J], where the wallet knows it.
    mutating func signFriend(
        _ signing: KeySigningRequest, slot: SlotID, of owner: KeyID, rootName: String?,
        at now: Instant, _ random: RandomSource
    ) throws(PhoneError) -> ImportRequest {
        var endpoint = try sharing(owner)
        guard let index = endpoint.consents.firstIndex(where: { $0.slotId == slot }),
            case let consent = endpoint.consents[index], !consent.isUsed
        else { throw .noConsent }
        let request = try parsed(consent)
        let friend = try verify(
            signing, against: request, of: endpoint, rootName: rootName, at: now)
        let bit = MailboxLayout.bit(position: slot.position)
        guard endpoint.slotBitmap & bit != 0, endpoint.listedSlot(at: slot.position) == slot else {
            throw .noSlotLeft
        }
        let result = ImportRequest(
            attestation: try attest(friend, consent, request, by: endpoint, at: now, random),
            encToken: try exportToken(request, to: signing.encryptionPK, of: endpoint, random))
        endpoint.consents[index].isUsed = true
        endpoint.slotBitmap &= ~bit
        endpoint.signaling.insert(.refillWanted)
        update(endpoint)
        return result
    }

    private func sharing(_ owner: KeyID) throws(PhoneError) -> Endpoint {
        let endpoint = try endpoint(owner)
        guard endpoint.origin == .pairing, endpoint.description.options.rights.contains(.sharing)
        else { throw .mayNotShare }
        guard endpoint.isUsable else { throw .wrongPhase(endpoint.phase) }
        return endpoint
    }

    private func parsed(_ consent: Consent) throws(PhoneError) -> KeyCreationRequest {
        do throws(PKIError) {
            return try KeyCreationRequest(parsing: consent.request.bytes)
        } catch { throw .corrupted }
    }

    private func attest(
        _ friend: VerifiedFriend, _ consent: Consent, _ request: KeyCreationRequest,
        by endpoint: Endpoint, at now: Instant, _ random: RandomSource
    ) throws(PhoneError) -> Attestation {
        let nonce = random.bytes(16, for: "attestation nonce")
        var tag: [UInt8]?
        if let code = consent.activationCode, let secret = endpoint.longTermSharedSecret {
            do throws(CryptoError) {
                tag = try activationTag(
                    ltss: secret.exposed, code: String(decoding: code.exposed, as: UTF8.self),
                    nonce: nonce)
            } catch { throw .crypto(error) }
        }
        let body = AttestationBody(
            vehicleId: request.vehicleId, ownerKeyId: endpoint.keyId, friendPK: friend.key,
            slotId: request.slotId, protocolVersion: friend.version.bytes,
            keyConfig: request.keyConfig, issuedAt: now, nonce: nonce, activationTag: tag)
        return try sign(body, by: endpoint)
    }

    /// The token of the slot, for keys that need one and do not fetch it online (12.3 step 6).
    private func exportToken(
        _ request: KeyCreationRequest, to recipient: PublicKey, of endpoint: Endpoint,
        _ random: RandomSource
    ) throws(PhoneError) -> [UInt8]? {
        guard request.da == 0, request.needsToken else { return nil }
        let offset = Int(MailboxLayout.tokenOffset(position: request.slotId.position))
        guard
            let token = endpoint.mailboxes.read(
                .confidential, at: offset, count: MailboxLayout.tokenLength)
        else { throw .mismatch("no token for this slot") }
        do throws(CryptoError) {
            return try TokenExport.seal(
                token, to: recipient, slotId: request.slotId, vehicleId: request.vehicleId,
                random: random)
        } catch { throw .crypto(error) }
    }
}

extension KeyCreationRequest {
    var options: KeyOptions {
        KeyOptions(endpointOptions.first ?? 0, endpointOptions.last ?? 0)
    }

    var needsToken: Bool { options.rights.contains(.tokenToDrive) }
}
