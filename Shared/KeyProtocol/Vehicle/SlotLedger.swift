// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// What became of a slot id (PROTOCOL 10.5).
public enum SlotState: String, Codable, Sendable, CaseIterable {
    /// Never given out.
    case free
    /// Written to an owner mailbox, or offered to a pairing owner; accepts one key.
    case issued
    /// A key uses or used it under this id.
    case bound
    /// Never again.
    case retired
}

/// Every slot id this car ever gave out; free → issued → bound → retired, and never back.
public struct SlotLedger: Codable, Equatable, Sendable {
    private var positions: [Position]

    /// One of the positions 1...8. A generation below `next` that is neither issued nor bound is
    /// retired; so the list stays short while the car never forgets.
    private struct Position: Codable, Equatable, Sendable {
        var next = 0
        /// Oldest first.
        var issued: [UInt8] = []
        var bound: [UInt8] = []
        /// Retired before they were ever issued.
        var ahead: [UInt8] = []
        var wrongCodes: [UInt8: Int] = [:]
    }

    /// A car that has given out nothing.
    public init() {
        positions = Array(repeating: Position(), count: Int(Limits.positions))
    }

    /// A ledger with these states, for provisioning and tests.
    public init(_ states: [SlotID: SlotState]) {
        self.init()
        for (slot, state) in states where state != .free {
            change(slot) { position in
                position.next = max(position.next, Int(slot.generation) + 1)
                if state == .issued { position.issued.append(slot.generation) }
                if state == .bound { position.bound.append(slot.generation) }
                position.issued.sort()
            }
        }
    }

    /// The state of an id.
    public func state(of slot: SlotID) -> SlotState {
        guard let position = position(of: slot) else { return .free }
        if position.issued.contains(slot.generation) { return .issued }
        if position.bound.contains(slot.generation) { return .bound }
        let isSpent =
            Int(slot.generation) < position.next || position.ahead.contains(slot.generation)
        return isSpent ? .retired : .free
    }

    /// Gives out the next generation of `position` (1...8); a fifth issued id retires the oldest.
    /// None when the position is exhausted.
    public mutating func issue(position number: UInt8) -> SlotID? {
        var slot: SlotID?
        change(SlotID(generation: 0, position: number)) { position in
            let spent = position.ahead
            guard
                let generation = (0...Limits.lastGeneration).dropFirst(position.next)
                    .first(where: { !spent.contains($0) })
            else { return }
            position.next = Int(generation) + 1
            position.issued.append(generation)
            if position.issued.count > Limits.issuedPerPosition { position.issued.removeFirst() }
            slot = SlotID(generation: generation, position: number)
        }
        return slot
    }

    /// An issued id becomes that of a key.
    public mutating func bind(_ slot: SlotID) {
        change(slot) { position in
            guard position.issued.contains(slot.generation) else { return }
            position.issued.removeAll { $0 == slot.generation }
            position.bound.append(slot.generation)
        }
    }

    /// Ends an id for ever, whatever it was; generation FF is never given out and needs no end.
    public mutating func retire(_ slot: SlotID) {
        guard slot.generation <= Limits.lastGeneration else { return }
        change(slot) { position in
            position.issued.removeAll { $0 == slot.generation }
            position.bound.removeAll { $0 == slot.generation }
            position.wrongCodes[slot.generation] = nil
            let isAhead = Int(slot.generation) >= position.next
            if isAhead && !position.ahead.contains(slot.generation) {
                position.ahead.append(slot.generation)
            }
        }
    }

    /// Ids that were given out and not used yet.
    public var issued: [SlotID] { list(\.issued) }
    /// Ids of keys.
    public var bound: [SlotID] { list(\.bound) }

    /// Every id that was given out or ended, with its state.
    public var states: [(slot: SlotID, state: SlotState)] {
        let spent =
            list(\.ahead)
            + zip(UInt8(1)..., positions).flatMap { number, position in
                (0..<position.next).map {
                    SlotID(generation: UInt8(clamping: $0), position: number)
                }
            }
        return Set(spent).sorted().map { ($0, state(of: $0)) }
    }

    /// Counts a wrong activation code; the fifth retires the id (PROTOCOL 10.6).
    mutating func countWrongCode(for slot: SlotID) {
        var wrong = 0
        change(slot) { position in
            position.wrongCodes[slot.generation, default: 0] += 1
            wrong = position.wrongCodes[slot.generation, default: 0]
        }
        if wrong >= Limits.activationAttempts { retire(slot) }
    }

    private func list(_ generations: KeyPath<Position, [UInt8]>) -> [SlotID] {
        zip(UInt8(1)..., positions).flatMap { number, position in
            position[keyPath: generations].map { SlotID(generation: $0, position: number) }
        }
    }

    private func position(of slot: SlotID) -> Position? {
        (1...Limits.positions).contains(slot.position)
            ? positions.dropFirst(Int(slot.position) - 1).first : nil
    }

    private mutating func change(_ slot: SlotID, _ body: (inout Position) -> Void) {
        let index = Int(slot.position) - 1
        guard positions.indices.contains(index) else { return }
        body(&positions[index])
    }
}
