// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol

@testable import VirtualPhone

/// What must hold whatever goes wrong, over the whole life of a car.
struct Ledger {
    /// A sentence about what does not hold.
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    /// Which key a slot id was given to; one, ever.
    private var keys: [SlotID: KeyID] = [:]
    private var states: [SlotID: SlotState] = [:]
    private var slots: SlotLedger?
    private var reported: [SlotID: KeyID] = [:]

    init(_ record: VehicleRecord) throws { try note(record) }

    /// Takes in one tap.
    mutating func note(_ tap: Conversation, by key: KeyID?) throws {
        for record in tap.saved { try note(record) }
        for fact in tap.facts { try note(fact) }
        try checkAgreement(tap, key)
        try checkPhone(tap)
    }

    /// A slot id is that of one key, ever.
    private mutating func note(_ record: VehicleRecord) throws {
        try noteSlots(record.slots)
        let holders = record.keys + [record.pending?.key].compactMap(\.self)
        guard Set(holders.map(\.slotId)).count == holders.count else {
            throw Broken(description: "two keys with one slot id")
        }
        for key in holders {
            guard keys[key.slotId, default: key.keyId] == key.keyId else {
                throw Broken(description: "slot \(key.slotId) was accepted twice")
            }
            keys[key.slotId] = key.keyId
            guard record.slots.state(of: key.slotId) != .retired else {
                throw Broken(description: "a key with the retired slot \(key.slotId)")
            }
        }
        guard record.keys.count(where: \.isOwner) <= 1 else {
            throw Broken(description: "two owners")
        }
    }

    /// A slot id goes free → issued → bound → retired and never back.
    private mutating func noteSlots(_ slots: SlotLedger) throws {
        guard slots != self.slots else { return }
        self.slots = slots
        let order: [SlotState] = [.free, .issued, .bound, .retired]
        for position: UInt8 in 1...8 {
            for generation: UInt8 in 0...24 {
                let slot = SlotID(generation: generation, position: position)
                let (was, now) = (states[slot] ?? .free, slots.state(of: slot))
                guard let before = order.firstIndex(of: was), let after = order.firstIndex(of: now),
                    before <= after
                else { throw Broken(description: "slot \(slot) went from \(was) to \(now)") }
                states[slot] = now
            }
        }
    }

    private mutating func note(_ fact: Fact) throws {
        switch fact {
        case .pairingCompleted(_, let key, let slot, _), .friendKeySeen(let key, let slot, _):
            guard reported[slot] == nil else {
                throw Broken(description: "slot \(slot) was reported twice")
            }
            reported[slot] = key
        case .keyRemoved: break
        }
    }

    /// Car and phone agree on whose key it was, and nobody else's opens anything.
    private func checkAgreement(_ tap: Conversation, _ key: KeyID?) throws {
        let proven = Set(
            tap.events.compactMap { event in
                if case .transaction(let key, _) = event { key } else { nil }
            })
        guard !tap.isDeceived else {
            throw Broken(description: "the phone carried out a command the car did not send")
        }
        guard let outcome = tap.outcome, outcome.isSuccess else { return }
        guard let opened = outcome.keyId else {
            throw Broken(description: "opened for no key")
        }
        guard outcome.transaction == .pairing || opened == key else {
            throw Broken(description: "opened for \(opened), which this phone may not use")
        }
        guard tap.phone.element.phase(of: opened) == .active else {
            throw Broken(description: "opened for a key that is not active on the phone")
        }
        guard tap.record.keys.contains(where: { $0.keyId == opened && $0.state == .active }) else {
            throw Broken(description: "opened for a key the car does not hold")
        }
        guard proven.isSubset(of: [opened]) else {
            throw Broken(description: "the phone proved \(proven), the car saw \(opened)")
        }
        // After fast without EXCHANGE only the car knows.
        guard outcome.transaction == .fast || proven == [opened] else {
            throw Broken(description: "opened without a proof of the phone")
        }
    }

    /// Nothing half-made is left once the time around a field reset has passed.
    private func checkPhone(_ tap: Conversation) throws {
        var phone = tap.phone
        phone.timePassed(until: tap.now.adding(seconds: 61))
        guard !phone.isPairing else { throw Broken(description: "a pairing that never ends") }
        guard phone.state.keys.map(\.id) == phone.element.keyIds else {
            throw Broken(description: "wallet and secure element hold other keys")
        }
        for key in phone.element.keyIds where phone.element.phase(of: key) == .creating {
            throw Broken(description: "a half-made key")
        }
        let again = PhoneCard(snapshot: phone.snapshot, random: ScriptedRandom().source)
        guard again.snapshot == phone.snapshot else {
            throw Broken(description: "the phone is another one after a restart")
        }
    }
}
