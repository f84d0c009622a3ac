// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol

@testable import VirtualPhone

/// What goes wrong with one message.
enum Mishap: Hashable, Sendable {
    /// The phone is taken away before the command arrives, or before the answer does.
    case commandLost, answerLost
    /// The command arrives twice; the car hears the first answer or the second.
    case doubled(heardFirst: Bool)
    /// An earlier command of this tap arrives before this one.
    case replayed(Int)
    /// So many seconds pass before the command arrives.
    case delayed(Int64)
    /// Only so many bytes arrive.
    case commandCut(Int), answerCut(Int)
    /// One bit is another one.
    case commandFlipped(bit: Int), answerFlipped(bit: Int)
    /// The phone loses the field for a moment, unseen by the car.
    case blink
    /// The car has no power any more: before it saves what this step asks it to save, or after.
    case carDies(saved: Bool)
    /// The phone has no power any more: before it saves what the command changed, or after.
    case phoneDies(saved: Bool)
}

/// A phone at a reader, message by message. A value: one prefix serves for many endings.
struct Conversation {
    private var session: ReaderSession
    private var step: Step
    private let random: RandomSource
    private(set) var phone: PhoneCard
    private(set) var now: Instant
    /// What the disks hold.
    private(set) var record: VehicleRecord
    private var snapshot: PhoneCard.Snapshot
    /// Every record that was saved, and what was reported with them.
    private(set) var saved: [VehicleRecord] = []
    private(set) var facts: [Fact] = []
    private(set) var events: [PhoneEvent] = []
    private(set) var commands: [[UInt8]] = []
    private(set) var isOver = false
    /// Whether the phone carried out a protected command that was changed on its way.
    private(set) var isDeceived = false
    /// What the car decided; none when it died.
    private(set) var outcome: Outcome?

    /// More steps than any tap has.
    private static let limit = 400

    init(
        _ record: VehicleRecord, _ phone: PhoneCard, _ purpose: ReaderSession.Purpose,
        at now: Instant, code: String? = nil, random: RandomSource
    ) throws {
        session = ReaderSession(
            record: record, purpose: purpose, interface: phone.interface, activationCode: code,
            random: random)
        step = session.start(at: now)
        (self.record, self.phone, self.now, self.random) = (record, phone, now, random)
        _ = self.phone.takeEvents()
        snapshot = phone.snapshot
    }

    /// The command under way.
    var command: [UInt8]? {
        if case .transmit(let command) = step.next { command } else { nil }
    }

    /// This conversation when the phone has answered and the car has not heard it yet, with the
    /// answer: one answer serves for many ways to lose it.
    func answered() -> (Conversation, answer: [UInt8])? {
        guard let command else { return nil }
        var after = self
        after.save()
        after.commands.append(command)
        return (after, after.respond(command))
    }

    /// The car hears this.
    mutating func hear(_ answer: [UInt8]) { step = session.received(answer, at: now) }

    mutating func run(_ mishaps: [Int: Mishap] = [:]) throws {
        var index = 0
        while !isOver {
            guard index < Self.limit else { throw DoesNotEnd() }
            advance(mishaps[index])
            index += 1
        }
    }

    struct DoesNotEnd: Error {}

    /// One step: what the shells of both sides do between two of the car's thoughts.
    mutating func advance(_ mishap: Mishap? = nil) {
        if mishap == .carDies(saved: false) { return carDied() }
        save()
        if mishap == .carDies(saved: true) { return carDied() }
        switch step.next {
        case .transmit(let command): transmit(command, mishap)
        case .fieldReset:
            phone.fieldLost()
            if case .phoneDies = mishap { return phoneDied() }
            if case .delayed(let seconds) = mishap { now = now.adding(seconds: seconds) }
            step = session.fieldWasReset(at: now)
        case .wait:
            now = now.adding(seconds: 1)
            step = session.waited(at: now)
        case .finish(let outcome):
            self.outcome = outcome
            isOver = true
            phone.fieldLost()
            events += phone.takeEvents()
        }
    }

    private mutating func save() {
        if let save = step.save {
            record = save
            saved.append(save)
        }
        facts += step.facts
    }

    private mutating func transmit(_ command: [UInt8], _ mishap: Mishap?) {
        commands.append(command)
        var sent = command
        switch mishap {
        case .commandLost: return fieldLost()
        case .doubled(heardFirst: false): _ = respond(command)
        case .replayed(let index): _ = respond(commands[index % commands.count])
        case .delayed(let seconds): now = now.adding(seconds: seconds)
        case .commandCut(let count): sent = Array(sent.prefix(count))
        case .commandFlipped(let bit): sent = sent.flipping(bit)
        case .blink: phone.fieldLost()
        case .phoneDies(saved: false): return phoneDied()
        default: break
        }
        var answer = respond(sent)
        if sent.isForgery(of: command), answer.suffix(2) == [0x90, 0x00] { isDeceived = true }
        switch mishap {
        case .doubled(heardFirst: true): _ = respond(command)
        case .answerLost: return fieldLost()
        case .answerCut(let count): answer = Array(answer.prefix(count))
        case .answerFlipped(let bit): answer = answer.flipping(bit)
        case .phoneDies(saved: true): return phoneDied()
        default: break
        }
        hear(answer)
    }

    /// The phone saves what changed before its answer leaves.
    private mutating func respond(_ command: [UInt8]) -> [UInt8] {
        let answer = phone.respond(to: command, at: now)
        snapshot = phone.snapshot
        events += phone.takeEvents()
        return answer
    }

    private mutating func fieldLost() {
        phone.fieldLost()
        step = session.fieldLost()
    }

    private mutating func carDied() {
        isOver = true
        phone.fieldLost()
    }

    private mutating func phoneDied() {
        let interface = phone.interface
        phone = PhoneCard(snapshot: snapshot, random: random)
        phone.interface = interface
        step = session.fieldLost()
    }
}

extension [UInt8] {
    /// These bytes with one bit changed, if there is such a bit.
    func flipping(_ bit: Int) -> [UInt8] {
        var bytes = self
        if bytes.indices.contains(bit / 8) { bytes[bit / 8] ^= 1 << UInt8(bit % 8) }
        return bytes
    }
}

extension [UInt8] {
    /// Whether this is the protected `command` with another content under the same header.
    fileprivate func isForgery(of command: [UInt8]) -> Bool {
        guard command.first == 0x84, starts(with: command.prefix(5)),
            let count = command.dropFirst(4).first
        else { return false }
        return dropFirst(5).prefix(Int(count)) != command.dropFirst(5).prefix(Int(count))
    }
}

extension Outcome {
    /// Whether the car did what was asked for.
    var isSuccess: Bool {
        switch result {
        case .unlocked, .locked, .driveReady, .present, .paired: true
        case .refused, .aborted: false
        }
    }
}
