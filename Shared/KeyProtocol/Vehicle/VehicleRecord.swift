// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// Everything a car keeps about keys. A session hands back a changed record before the bytes that
/// make the change visible leave the car, so that a power cut loses nothing that was promised.
public struct VehicleRecord: Codable, Equatable, Sendable {
    public var identity: VehicleIdentity
    public var configuration: VehicleConfiguration
    /// Present while an owner may pair.
    public var pairing: PairingMode?
    /// An owner key between phase 2 and phase 3.
    public var pending: PendingKey?
    /// Most recently used first, at most 32.
    public var keys: [KeyRecord]
    public var slots: SlotLedger
    /// Keys suspended before the car had them; none in records saved before this was remembered.
    var suspendedAhead: Set<KeyID>?
    /// Whether the clock may be relied on (PROTOCOL 8.9).
    public var hasTrustedTime: Bool

    /// A car fresh from the factory.
    public init(identity: VehicleIdentity, configuration: VehicleConfiguration) {
        self.identity = identity
        self.configuration = configuration
        keys = []
        slots = SlotLedger()
        hasTrustedTime = true
    }

    /// The owner's key, active or suspended.
    public var owner: KeyRecord? { keys.first(where: \.isOwner) }

    /// The key of a slot id.
    public func key(at slot: SlotID) -> KeyRecord? { keys.first { $0.slotId == slot } }

    /// Whether a phone with the password could pair now.
    public func isInPairingMode(at time: Instant) -> Bool {
        pairing.map { time < $0.expiresAt && $0.attempts < Limits.pairingAttempts } ?? false
    }

    /// Changes the key of a slot id, if there is one.
    mutating func updateKey(at slot: SlotID, _ body: (inout KeyRecord) -> Void) {
        guard let index = keys.firstIndex(where: { $0.slotId == slot }) else { return }
        body(&keys[index])
    }

    /// Moves the key of a slot id to the front: the next fast transaction tries it first.
    mutating func markUsed(_ slot: SlotID) {
        guard let index = keys.firstIndex(where: { $0.slotId == slot }), index > 0 else { return }
        keys.insert(keys.remove(at: index), at: 0)
    }

    /// Removes a key for good and retires its id; returns it.
    @discardableResult
    mutating func removeKey(at slot: SlotID) -> KeyRecord? {
        slots.retire(slot)
        guard let index = keys.firstIndex(where: { $0.slotId == slot }) else { return nil }
        return keys.remove(at: index)
    }

    /// Drops a pending key whose ten minutes are over; its id ends with it (PROTOCOL 7.4).
    mutating func dropPending(at time: Instant) {
        guard let pending, time > pending.since.adding(seconds: Limits.phase3) else { return }
        forgetPending()
    }

    /// Drops the pending key and everything a broken phase 3 may have written.
    mutating func forgetPending() {
        guard let pending else { return }
        for slot in pending.writtenSlots + [pending.key.slotId] { slots.retire(slot) }
        self.pending = nil
    }
}
