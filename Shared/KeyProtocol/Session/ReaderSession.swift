// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// The car at one reader, from a phone arriving to CONTROL FLOW: a value that takes bytes and says
/// what to do next. It does no I/O; the shell stores `Step.save` and `Step.facts`, does `Step.next`
/// and calls back. Whatever a phone sends, it ends with `Next.finish`.
public struct ReaderSession: Sendable {
    private let purpose: Purpose
    private var car: Car
    private var part = Part.idle
    private var saved: VehicleRecord
    private var lastFlow: UInt16?
    private var commands = 0

    /// What the reader is for.
    public enum Purpose: Hashable, Sendable {
        /// Owner pairing only; a pending key gets its phase 3.
        case pairing
        /// One action: a door reader asks for unlock or lock.
        case transaction(TransactionCode)
        /// The dashboard: pairing when car and phone are in pairing mode, phase 3 for a pending
        /// key, else drive.
        case dashboard
    }

    private enum Part: Sendable {
        case idle
        case pairing(OwnerPairing)
        case betweenPhases
        case transaction(Transaction)
        case finished(Outcome)
    }

    /// A session at one reader.
    ///
    /// - Parameters:
    ///   - activationCode: six digits somebody entered in the car for this tap.
    ///   - minutesFromUTC: the car's local time minus UTC, for weekly rules.
    ///   - random: draws `y`, `vehicle_eSK` and `transaction_identifier`.
    public init(
        record: VehicleRecord, purpose: Purpose, activationCode: String? = nil,
        minutesFromUTC: Int = 0, random: RandomSource
    ) {
        self.purpose = purpose
        saved = record
        car = Car(
            record: record, random: random, activationCode: activationCode,
            minutesFromUTC: minutesFromUTC, now: Instant(secondsSinceEpoch: 0))
    }

    /// The record as of now; what `Step.save` last handed out, or is about to.
    public var record: VehicleRecord { car.record }

    /// A phone is on the reader.
    public mutating func start(at time: Instant) -> Step {
        car.now = time
        guard case .idle = part else { return step(.end(.outcome(current))) }
        car.record.dropPending(at: time)
        let wantsPairing =
            purpose == .pairing || (purpose == .dashboard && isPairingModeOn)
        if wantsPairing {
            let pairing = OwnerPairing(startedAt: time)
            part = .pairing(pairing)
            return step(pairing.start())
        }
        return step(beginTransaction())
    }

    /// The phone answered.
    public mutating func received(_ response: [UInt8], at time: Instant) -> Step {
        car.now = time
        // A response that is none is answered like any other surprise; no body, no status.
        let answer =
            (try? ResponseAPDU(parsing: response))
            ?? ResponseAPDU(status: StatusWord(rawValue: 0x0000))
        switch part {
        case .pairing(var pairing):
            part = .idle  // one owner, so that the machine changes in place
            let move = pairing.received(answer, &car)
            part = .pairing(pairing)
            return step(move)
        case .transaction(var transaction):
            part = .idle
            let move = transaction.received(answer, &car)
            part = .transaction(transaction)
            return step(move)
        case .idle, .betweenPhases, .finished:
            return step(.end(.outcome(current)))
        }
    }

    /// The field was switched off and on, as asked for.
    public mutating func fieldWasReset(at time: Instant) -> Step {
        car.now = time
        switch part {
        case .betweenPhases: return step(beginTransaction())
        case .pairing(var pairing):
            let move = pairing.fieldWasReset()
            part = .pairing(pairing)
            return step(move)
        case .idle, .transaction, .finished: return step(.end(.outcome(current)))
        }
    }

    /// The wait is over.
    public mutating func waited(at time: Instant) -> Step {
        car.now = time
        guard case .pairing(var pairing) = part else { return step(.end(.outcome(current))) }
        let move = pairing.waited()
        part = .pairing(pairing)
        return step(move)
    }

    /// The phone went away, or a command had no answer in time. A decision whose CONTROL FLOW was
    /// already sent stands.
    public mutating func fieldLost() -> Step { step(.end(.outcome(current))) }

    private var isPairingModeOn: Bool {
        // With the attempts used up the phone still has to be told (PROTOCOL 5.6).
        car.record.pairing.map { car.now < $0.expiresAt } ?? false
    }

    private var current: Outcome {
        switch part {
        case .finished(let outcome): return outcome
        case .transaction(let transaction):
            if case .ending(let outcome) = transaction.stage { return outcome }
        case .pairing(let pairing):
            if case .aborting(let reason) = pairing.stage {
                return Outcome(.refused(reason.sentence, nil))
            }
        case .idle, .betweenPhases: break
        }
        return Outcome(.aborted("The phone was taken away too early."))
    }

    private mutating func beginTransaction() -> Move {
        let isPending = car.record.pending != nil
        let transaction =
            switch purpose {
            case .pairing: Transaction(.pairing)
            case .transaction(let code): Transaction(code)
            case .dashboard:
                isPending ? Transaction(.pairing, fallback: .drive) : Transaction(.drive)
            }
        part = .transaction(transaction)
        return transaction.start()
    }

    private mutating func step(_ move: Move) -> Step {
        let next: Next
        switch move {
        case .send(let command):
            commands += 1
            if command.ins == Instruction.controlFlow {
                lastFlow = UInt16(command.p1) << 8 | UInt16(command.p2)
            }
            next = .transmit(command.encoded)
        case .resetField: next = .fieldReset
        case .wait(let milliseconds): next = .wait(milliseconds: milliseconds)
        case .end(.phase2Done):
            part = .betweenPhases
            next = .fieldReset
        case .end(.notReadyForPairing):
            guard purpose == .dashboard || car.record.pending != nil else {
                return step(.end(.outcome(Outcome(.aborted("The phone is not ready to pair.")))))
            }
            return step(beginTransaction())
        case .end(.outcome(var outcome)):
            outcome.controlFlow = lastFlow
            outcome.commands = commands
            part = .finished(outcome)
            next = .finish(outcome)
        }
        let save = car.record == saved ? nil : car.record
        if let save { saved = save }
        defer { car.facts = [] }
        return Step(save: save, facts: car.facts, next: next)
    }
}
