// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto

/// Phase 3: gives a pending owner key its slots and tokens in one atomic session (PROTOCOL 7.8).
///
/// ```text
/// 8C 01 01  BA { 8A slot list, 8A slot bitmap }
/// 8C 01 00  B9 { 8A tokens }  BA { 8A signaling }
/// ```
struct OwnerSlotsVisit: MailboxVisit {
    /// What the phone already left for the car stays; none when AUTH1 did not tell, and it is read.
    private var signaling: SignalingBits?
    private var stage = Stage.start
    private var slots: [SlotID] = []

    private enum Stage { case start, slotsWritten, finished }

    init(_ signaling: SignalingBits?) { self.signaling = signaling }

    mutating func next(_ answer: ExchangeResponse?, _ car: inout Car) -> VisitStep {
        switch stage {
        case .start:
            guard let owner = car.record.pending?.key.slotId else { return .refuse(.keyUnknown) }
            slots = [owner] + issue(&car)
            stage = .slotsWritten
            return .exchange(slotCommand(car))
        case .slotsWritten:
            stage = .finished
            let found = signaling ?? SignalingBits(rawValue: answer?.reads.first?.first ?? 0)
            return .exchange(tokenCommand(found, car))
        case .finished:
            return .done(nil)
        }
    }

    /// Ids of a broken attempt end before fresh ones are given out; both are stored first.
    private func issue(_ car: inout Car) -> [SlotID] {
        for slot in car.record.pending?.writtenSlots ?? [] { car.record.slots.retire(slot) }
        let fresh = (2...Limits.positions).compactMap { car.record.slots.issue(position: $0) }
        car.record.pending?.writtenSlots = fresh
        return fresh
    }

    private func slotCommand(_ car: Car) -> ExchangeCommand {
        let list = perPosition { $0?.bytes ?? [0, 0] }
        let bitmap = slots.reduce(UInt8(0)) { $0 | MailboxLayout.bit(position: $1.position) }
        let read = signaling == nil ? [ExchangeCommand.Placed.read(car.mapping.signaling, 1)] : []
        return ExchangeCommand(
            atomic: .more,
            read + [.write(car.mapping.slotList, list), .write(car.mapping.slotBitmap, [bitmap])])
    }

    private func tokenCommand(_ found: SignalingBits, _ car: Car) -> ExchangeCommand {
        let wantsMore = slots.count < Int(Limits.positions)
        let signaling = found.subtracting(.refillWanted).union(wantsMore ? .refillWanted : [])
        var writes: [ExchangeCommand.Placed] = []
        if car.writesTokens {
            let tokens = perPosition { slot in
                slot.map(car.identity.token) ?? [UInt8](repeating: 0, count: 16)
            }
            writes.append(.token(tokens, position: 1))
        }
        writes.append(.write(car.mapping.signaling, [signaling.rawValue]))
        return ExchangeCommand(atomic: .last, writes)
    }

    private func perPosition(_ bytes: (SlotID?) -> [UInt8]) -> [UInt8] {
        (1...Limits.positions).flatMap { position in
            bytes(slots.first { $0.position == position })
        }
    }
}

extension Car {
    /// Whether tokens travel through mailboxes: they are needed to drive, and not taken online.
    var writesTokens: Bool {
        rights.contains(.tokenToDrive) && record.configuration.device.tokenMode == .offline
    }

    /// The pending owner key becomes the owner key, once its mailbox is written: a former owner key
    /// goes, and ids its phone may still hold end (PROTOCOL 7.8).
    mutating func activatePending() {
        guard let pending = record.pending else { return }
        record.pending = nil
        record.pairing = nil
        if let former = record.owner {
            record.removeKey(at: former.slotId)
            facts.append(.keyRemoved(keyId: former.keyId, slotId: former.slotId))
        }
        for slot in record.slots.issued
        where slot != pending.key.slotId && !pending.writtenSlots.contains(slot) {
            record.slots.retire(slot)
        }
        record.slots.bind(pending.key.slotId)
        record.keys.insert(pending.key, at: 0)
        facts.append(
            .pairingCompleted(
                pairingId: pending.pairingId, keyId: pending.key.keyId,
                slotId: pending.key.slotId, publicKey: pending.key.publicKey.bytes))
    }
}
