// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import PKI

/// The first friend transaction: reads the owner's word from the friend's mailbox and makes the key
/// known, without any server (PROTOCOL 10.6).
///
/// ```text
/// BA { 87 package 0002 }       length
/// BA { 87 package+2 ≤00E0 }*   Attestation DER
/// BA { 87 signaling 0001 }
/// 8C 01 00  BA { 8A signaling without bit 1, 8A package 0000 }
/// ```
struct FirstFriendVisit: MailboxVisit {
    /// What AUTH1 left to be proven.
    struct Claim {
        var slotId: SlotID
        /// endpoint_sig, and what it must be over.
        var signature: [UInt8]
        var signatureInput: [UInt8]
        var version: ProtocolVersion
        var kpersistent: PersistentSecret?
    }

    private let claim: Claim
    private var stage = Stage.start
    private var package: LengthPrefixedRead
    private var signaling: SignalingBits = []

    private enum Stage { case start, reading, bound, cleared }

    init(_ claim: Claim, mapping: MailboxMapping) {
        self.claim = claim
        package = LengthPrefixedRead(offset: mapping.package, areaSize: mapping.packageSize)
    }

    mutating func next(_ answer: ExchangeResponse?, _ car: inout Car) -> VisitStep {
        let bytes = answer?.reads.first ?? []
        switch stage {
        case .start:
            if let hint = Self.objection(to: claim.slotId, car) { return .refuse(hint) }
            stage = .reading
            return .exchange(ExchangeCommand(nil, [package.start]))
        case .reading:
            switch package.next(bytes) {
            case .read(let read): return .exchange(ExchangeCommand(nil, [read]))
            case .nothing: return .refuse(.keyUnknown)
            case .complete(let der): return accept(der, &car)
            }
        case .bound:
            signaling = SignalingBits(rawValue: bytes.first ?? 0).subtracting(.package)
            stage = .cleared
            return .exchange(
                ExchangeCommand(
                    .last,
                    [
                        .write(car.mapping.signaling, [signaling.rawValue]),
                        .write(car.mapping.package, [0, 0]),
                    ]))
        case .cleared:
            return .done(signaling)
        }
    }

    /// Step 1: whether this slot id can become a key at all.
    static func objection(to slot: SlotID, _ car: Car) -> ControlFlow.Hint? {
        switch car.record.slots.state(of: slot) {
        case .retired, .bound: return .keySuspendedOrTerminated
        case .free: return .keyUnknown
        case .issued: break
        }
        let hasOwner = car.record.owner?.state == .active
        return slot.position == 1 || !hasOwner ? .keyUnknown : nil
    }

    /// Steps 3 and 4; the key is stored with the command that follows.
    private mutating func accept(_ der: [UInt8], _ car: inout Car) -> VisitStep {
        guard let owner = car.record.owner, let attestation = try? checked(der, owner, car) else {
            return .refuse(.attestationRefused)
        }
        if car.record.isSuspendedAhead(attestation.friendKeyId) {
            return .refuse(.keySuspendedOrTerminated)
        }
        if car.record.hasTrustedTime, attestation.keyConfig.hasEnded(at: car.now) {
            return .refuse(.notValidNow)
        }
        guard isActivated(attestation, owner, &car) else { return .refuse(.needsAuthentication) }
        guard car.record.keys.count < Limits.keys else {
            return .refuse(.none, "The car holds \(Limits.keys) keys already and takes no other.")
        }
        car.record.bindSharedKey(
            attestation, kpersistent: car.isFastAllowed ? claim.kpersistent : nil)
        car.facts.append(
            .friendKeySeen(
                keyId: attestation.friendKeyId, slotId: attestation.slotId, attestation: der))
        stage = .bound
        return .exchange(ExchangeCommand(nil, [.read(car.mapping.signaling, 1)]))
    }

    private func checked(
        _ der: [UInt8], _ owner: KeyRecord, _ car: Car
    ) throws(PKIError) -> Attestation {
        let attestation = try Attestation(parsing: der)
        try attestation.verify(
            by: owner.publicKey, vehicleId: car.identity.vehicleId, slotId: claim.slotId,
            selectedVersion: claim.version.bytes)
        guard attestation.friendPK.isValid(claim.signature, for: claim.signatureInput) else {
            throw .signature
        }
        return attestation
    }

    /// Without a tag there is nothing to enter; a wrong code counts, no code does not.
    private func isActivated(
        _ attestation: Attestation, _ owner: KeyRecord, _ car: inout Car
    ) -> Bool {
        guard let tag = attestation.activationTag else { return true }
        guard let code = car.activationCode else { return false }
        let secret = owner.longTermSharedSecret?.exposed ?? []
        let expected = try? activationTag(ltss: secret, code: code, nonce: attestation.nonce)
        if let expected, constantTimeEqual(expected, tag) { return true }
        car.record.slots.countWrongCode(for: claim.slotId)
        return false
    }
}

extension ExchangeCommand {
    /// Shorter at the call.
    init(_ atomic: Atomic?, _ operations: [Placed]) {
        self.init(atomic: atomic, operations)
    }
}
