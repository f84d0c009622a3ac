// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import KeyCrypto
public import PKI

/// What the vehicle document asks of the record; the gateway checks the document's signature and
/// version before it calls these, and stores the result in one transaction.
extension VehicleRecord {
    /// Puts the car into pairing mode. The same id again keeps its attempt counter; any other
    /// verifier resets it (PROTOCOL 5.6). None ends pairing mode.
    public mutating func apply(pairing mode: PairingMode?) {
        guard let mode else { return pairing = nil }
        let attempts = mode.id == pairing?.id ? pairing?.attempts ?? 0 : 0
        pairing = mode
        pairing?.attempts = attempts
    }

    /// Accepts a shared key whose attestation came online instead of through its mailbox
    /// (PROTOCOL 10.6, last line). The phone proves its key at its first tap as always. A key that
    /// is there already stays as it is; an attestation with an activation tag waits for the tap,
    /// where the code is asked for.
    ///
    /// - Returns: whether the key is in the record now.
    /// - Throws: `mismatch`, `signature`, `keyId` or `range` when it is refused.
    @discardableResult
    public mutating func installSharedKey(_ attestation: Attestation) throws(PKIError) -> Bool {
        if let key = key(at: attestation.slotId) {
            return key.keyId == attestation.friendKeyId
        }
        guard let owner, owner.state == .active else { throw .mismatch("no active owner key") }
        guard attestation.activationTag == nil else { return false }
        let highest = identity.versions.first ?? .v0200
        try attestation.verify(
            by: owner.publicKey, vehicleId: identity.vehicleId, slotId: attestation.slotId,
            selectedVersion: highest.bytes)
        guard slots.state(of: attestation.slotId) == .issued, attestation.slotId.position != 1
        else { throw .mismatch("slot id is not issued") }
        guard keys.count < Limits.keys else { throw .range("more than \(Limits.keys) keys") }
        bindSharedKey(attestation, kpersistent: nil)
        return true
    }

    /// Stores a checked shared key; its id becomes bound. One suspended before stays suspended.
    mutating func bindSharedKey(_ attestation: Attestation, kpersistent: PersistentSecret?) {
        let version = attestation.protocolVersion.reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
        slots.bind(attestation.slotId)
        var key = KeyRecord(
            slotId: attestation.slotId, publicKey: attestation.friendPK,
            version: ProtocolVersion(rawValue: version), config: attestation.keyConfig,
            kpersistent: kpersistent)
        if suspendedAhead?.remove(key.keyId) != nil { key.state = .suspended }
        keys.insert(key, at: 0)
    }

    /// Stops a key until it is resumed, and forgets its ranging secret (PROTOCOL 15). One the car
    /// does not have yet is kept out of its first friend transaction as long, with 00 02. Returns
    /// whether the key is there.
    @discardableResult
    public mutating func suspend(_ keyId: KeyID) -> Bool {
        if set(keyId, .suspended) { return true }
        suspendedAhead = (suspendedAhead ?? []).union([keyId])
        return false
    }

    /// Whether the key was suspended before the car had it.
    public func isSuspendedAhead(_ keyId: KeyID) -> Bool {
        suspendedAhead?.contains(keyId) ?? false
    }

    /// Makes a suspended key usable again; returns whether the key is there.
    @discardableResult
    public mutating func resume(_ keyId: KeyID) -> Bool {
        suspendedAhead?.remove(keyId)
        return set(keyId, .active)
    }

    /// Ends a key for good; its slot id never opens again. Returns the removed key.
    @discardableResult
    public mutating func terminate(_ keyId: KeyID) -> KeyRecord? {
        suspendedAhead?.remove(keyId)
        guard let key = keys.first(where: { $0.keyId == keyId }) else { return nil }
        return removeKey(at: key.slotId)
    }

    /// Retires slot ids; keys that use them are removed and returned.
    @discardableResult
    public mutating func retire(_ retired: [SlotID]) -> [KeyRecord] {
        if let pending, retired.contains(pending.key.slotId) { forgetPending() }
        return retired.compactMap { removeKey(at: $0) }
    }

    /// The owner is another one: ids not used yet end, bound friend keys stay (PROTOCOL 10.5).
    public mutating func ownerReplaced() {
        for slot in slots.issued where slot.position != 1 { slots.retire(slot) }
    }

    /// The car is sold: every key ends, every slot id is retired (PROTOCOL 15). Returns the keys.
    @discardableResult
    public mutating func vehicleSold() -> [KeyRecord] {
        pairing = nil
        suspendedAhead = nil
        forgetPending()
        let removed = keys.compactMap { removeKey(at: $0.slotId) }
        for slot in slots.issued + slots.bound { slots.retire(slot) }
        return removed
    }

    private mutating func set(_ keyId: KeyID, _ state: KeyRecord.State) -> Bool {
        if pending?.key.keyId == keyId {
            pending?.key.state = state
            return true
        }
        guard let index = keys.firstIndex(where: { $0.keyId == keyId }) else { return false }
        keys[index].state = state
        if state == .suspended { keys[index].ranging = nil }
        return true
    }
}
