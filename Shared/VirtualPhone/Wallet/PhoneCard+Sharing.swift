// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import KeyCrypto
public import KeyProtocol
public import PKI

/// What an owner gives away (PROTOCOL 12.3 step 1).
public struct ShareOffer: Sendable {
    /// The rights and times.
    public var keyConfig: KeyConfig
    /// Six digits the friend must enter in the car at first use.
    public var activationCode: String?
    /// option_group_1 and 2 of the friend's key; none for those that go with the owner's key.
    public var options: KeyOptions?

    /// An offer; `options` are those of PROTOCOL 7.6 unless said otherwise, with the owner's
    /// stream and ranging bits.
    public init(
        keyConfig: KeyConfig, activationCode: String? = nil, options: KeyOptions? = nil
    ) {
        self.keyConfig = keyConfig
        self.activationCode = activationCode
        self.options = options
    }

    func check(_ configuration: DeviceConfiguration) throws(PhoneError) {
        let profile = keyConfig.profile
        guard profile != .owner else { throw .badRequest("an owner key cannot be shared") }
        guard configuration.sharingProfiles >> profile.rawValue & 1 == 1 else {
            throw .badRequest("the car does not offer this profile")
        }
        guard options.map({ $0.isAllowed && !$0.rights.contains(.sharing) }) ?? true else {
            throw .badRequest("options a shared key cannot have")
        }
        guard let activationCode else { return }
        guard configuration.activationCodeLength != 0 else {
            throw .badRequest("the car has no way to enter an activation code")
        }
        let digits = activationCode.utf8
        guard digits.count == 6, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .badRequest("an activation code of other than six digits")
        }
    }
}

extension PhoneCard {
    /// Owner, steps 1 and 2: stores the consent and returns the request for the friend.
    ///
    /// The shell has the owner authenticate first.
    public mutating func share(
        _ owner: KeyID, _ offer: ShareOffer
    ) throws(PhoneError) -> KeyCreationRequest {
        let key = try state.key(owner)
        try offer.check(key.configuration)
        let description = try element.description(of: owner)
        let request = KeyCreationRequest(
            vehicleId: key.vehicleId, vehicleCertificate: key.vehicleCertificate,
            appletVersions: key.vehicleVersions.encoded, slotId: try element.nextSlot(of: owner),
            endpointOptions: (offer.options ?? .friend(of: description.options)).bytes,
            confidentialSize: description.confidentialSize, privateSize: description.privateSize,
            mailboxMap: key.mappingValue.bytes, deviceConfig: key.configurationValue.bytes,
            da: Int(key.configuration.tokenMode.rawValue), keyConfig: offer.keyConfig,
            authorizedPKs: description.authorizedKeys,
            needsActivation: offer.activationCode != nil, intermediate: key.intermediate)
        try element.grantConsent(owner, to: request, activationCode: offer.activationCode)
        return request
    }

    /// Owner: takes an offer back that nobody has answered.
    public mutating func withdrawShare(
        _ owner: KeyID, slot: SlotID
    ) throws(PhoneError) {
        try element.withdrawConsent(owner, for: slot)
    }

    /// Owner, step 5: verifies the friend's key and signs it, once per consent.
    ///
    /// Save the snapshot before the result leaves the phone (PROTOCOL 10.5).
    public mutating func sign(
        _ request: KeySigningRequest, slot: SlotID, of owner: KeyID, at now: Instant
    ) throws(PhoneError) -> ImportRequest {
        let automaker = try element.description(of: owner).authorizedKeys.first.flatMap { root in
            state.automakers.first { $0.rootKey == root }
        }
        let result = try element.signFriend(
            request, slot: slot, of: owner, rootName: automaker?.rootName, at: now, random)
        state.shares.append(
            Share(
                owner: owner, slotId: slot, friend: result.attestation.friendKeyId,
                importRequest: result.encoded))
        return result
    }

    /// Friend, steps 3 and 4: makes a key as asked for and returns its certificates.
    public mutating func accept(
        _ request: KeyCreationRequest, at now: Instant
    ) throws(PhoneError) -> KeySigningRequest {
        let (description, mapping, automaker) = try checked(request, at: now)
        let (key, certificate) = try element.createEndpoint(
            description, mapping: mapping, origin: .sharing, automaker: automaker, certificates,
            random)
        do throws(PhoneError) {
            let (encryption, proof) = try element.createEncryptionKey(for: key, random)
            state.keys.append(
                try WalletKey(
                    id: key, request: request, automaker: automaker.name, mapping: mapping,
                    versions: request.versions(), endpointCertificate: certificate))
            return KeySigningRequest(
                externalCA: automaker.externalCA, instanceCA: automaker.instanceCA,
                endpoint: certificate, encryptionPK: encryption, encryptionSignature: proof)
        } catch {
            try element.delete(key)
            throw error
        }
    }

    /// Friend, step 7: puts package and token into the mailboxes; the key becomes active.
    @discardableResult
    public mutating func importKey(_ request: ImportRequest) throws(PhoneError) -> KeyID {
        let id = request.attestation.friendKeyId
        guard let index = state.keys.firstIndex(where: { $0.id == id }) else { throw .unknownKey }
        guard let sent = state.keys[index].creationRequest,
            let asked = try? KeyCreationRequest(parsing: sent)
        else { throw .mismatch("this key was not asked for") }
        guard request.attestation.keyConfig == asked.keyConfig else {
            throw .mismatch("the attestation gives other rights than the request")
        }
        try element.importPackage(
            request, for: id, tokenIsExpected: asked.da == 0 && asked.needsToken)
        state.keys[index].attestation = request.attestation.encoded
        return id
    }

    /// Friend: forgets a key that was made but never imported.
    public mutating func declineKey(_ key: KeyID) throws(PhoneError) {
        guard element.phase(of: key) == .creating else { throw .unknownKey }
        try element.delete(key)
        state.keys.removeAll { $0.id == key }
    }

    private func checked(
        _ request: KeyCreationRequest, at now: Instant
    ) throws(PhoneError) -> (EndpointDescription, MailboxMapping, Automaker) {
        guard element.key(for: request.vehicleId) == nil else {
            throw .alreadyHasKey(request.vehicleId)
        }
        guard request.keyConfig.profile != .owner,
            (2...Limits.positions).contains(request.slotId.position),
            !request.options.rights.contains(.sharing)
        else { throw .badRequest("rights that only an owner key has") }
        guard request.options.isAllowed else {
            throw .badRequest("options of a key that no reader could use")
        }
        guard let mapping = try? MailboxMapping(parsing: request.mailboxMap),
            (try? DeviceConfiguration(parsing: request.deviceConfig)) != nil,
            Int(mapping.contentEnd) <= request.privateSize
        else { throw .badRequest("a mailbox the phone cannot make") }
        guard
            let version = ProtocolVersion.highestCommon(
                state.versions, try request.versions())
        else { throw .badRequest("no common version") }
        let automaker = try state.automakers.trusted(by: request.authorizedPKs)
        let vehicleKey: PublicKey
        do throws(PKIError) {
            vehicleKey = try automaker.verify(
                vehicle: request.vehicleId, key: nil, certificate: request.vehicleCertificate,
                intermediate: request.intermediate, at: now)
        } catch { throw .object(error) }
        var description = try EndpointDescription(request, vehicleKey: vehicleKey)
        description.version = version
        return (description, mapping, automaker)
    }
}
