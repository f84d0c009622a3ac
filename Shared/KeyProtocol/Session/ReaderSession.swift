// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// The car at one reader, from a phone arriving to CONTROL FLOW: a value that takes bytes and says
/// what to do next. It does no I/O; the shell stores `Step.save` and `Step.facts`, does `Step.next`
/// and calls back. Whatever a phone sends, it ends with `Next.finish`.
public struct ReaderSession: Sendable {
    private let purpose: Purpose
    private var car: Car
    // At most one of these is there, and changes in place.
    private var pairing: OwnerPairing?
    private var transaction: Transaction?
    private var outcome: Outcome?
    private var isBetweenPhases = false
    private var saved: VehicleRecord
    private var lastFlow: UInt16?
    private var commands = 0

    /// What the reader is for.
    public enum Purpose: Hashable, Sendable, Codable {
        /// Owner pairing only; a pending key gets its phase 3.
        case pairing
        /// One action: a door reader asks for unlock or lock.
        case transaction(TransactionCode)
        /// A reader at the trunk: opens the trunk and nothing else.
        case trunk
        /// The dashboard: pairing when car and phone are in pairing mode, phase 3 for a pending
        /// key, else drive.
        case dashboard
    }

    /// A session at one reader.
    ///
    /// - Parameters:
    ///   - interface: how the phone is reached; owner pairing is contactless only.
    ///   - activationCode: six digits somebody entered in the car for this tap.
    ///   - minutesFromUTC: the car's local time minus UTC, for weekly rules.
    ///   - random: draws `y`, `vehicle_eSK` and `transaction_identifier`.
    public init(
        record: VehicleRecord, purpose: Purpose, interface: Interface = .contactless,
        activationCode: String? = nil, minutesFromUTC: Int = 0, random: RandomSource
    ) {
        self.purpose = purpose
        saved = record
        car = Car(
            record: record, random: random, interface: interface,
            activationCode: activationCode, minutesFromUTC: minutesFromUTC,
            now: Instant(secondsSinceEpoch: 0))
    }

    /// The record as of now; what `Step.save` last handed out, or is about to.
    public var record: VehicleRecord { car.record }

    /// Keys of the channel to the phone, for traces of the bench.
    public var traceKeys: ChannelKeys? { transaction?.traceKeys ?? pairing?.traceKeys }

    /// A phone is on the reader.
    public mutating func start(at time: Instant) -> Step {
        car.now = time
        guard outcome == nil, pairing == nil, transaction == nil, !isBetweenPhases else {
            return step(.end(.outcome(current)))
        }
        car.record.dropPending(at: time)
        car.record.dropRangingSecrets(at: time)
        guard isPossibleHere else {
            return step(
                .end(.outcome(Outcome(.aborted("This needs the phone at a reader.")))))
        }
        let wantsPairing =
            purpose == .pairing || (purpose == .dashboard && isPairingModeOn)
        if wantsPairing {
            let pairing = OwnerPairing(startedAt: time)
            self.pairing = pairing
            return step(pairing.start())
        }
        return step(beginTransaction())
    }

    /// Computes what does not depend on the answer that is on its way. Calling it while the phone
    /// thinks saves time, and changes nothing else.
    public mutating func prepare() { transaction?.prepare(car) }

    /// The phone answered.
    public mutating func received(_ response: [UInt8], at time: Instant) -> Step {
        car.now = time
        // A response that is none is answered like any other surprise; no body, no status.
        let answer =
            (try? ResponseAPDU(parsing: response))
            ?? ResponseAPDU(status: StatusWord(rawValue: 0x0000))
        let move = transaction?.received(answer, &car) ?? pairing?.received(answer, &car)
        return step(move ?? .end(.outcome(current)))
    }

    /// The field was switched off and on, as asked for.
    public mutating func fieldWasReset(at time: Instant) -> Step {
        car.now = time
        car.record.dropPending(at: time)
        if isBetweenPhases { return step(beginTransaction()) }
        return step(pairing?.fieldWasReset() ?? .end(.outcome(current)))
    }

    /// The wait is over.
    public mutating func waited(at time: Instant) -> Step {
        car.now = time
        return step(pairing?.waited() ?? .end(.outcome(current)))
    }

    /// The phone went away, or a command had no answer in time. A decision whose CONTROL FLOW was
    /// already sent stands.
    public mutating func fieldLost() -> Step { step(.end(.outcome(current))) }

    /// Over the stream a phone may be far away: no pairing and, while its place is unknown, no drive.
    private var isPossibleHere: Bool {
        guard car.interface == .wired else { return true }
        return switch purpose {
        case .transaction(.pairing), .transaction(.drive), .pairing, .dashboard, .trunk: false
        case .transaction: true
        }
    }

    private var isPairingModeOn: Bool {
        // With the attempts used up the phone still has to be told (PROTOCOL 5.6).
        car.record.pairing.map { car.now < $0.expiresAt } ?? false
    }

    private var current: Outcome {
        if let outcome { return outcome }
        if case .ending(let outcome) = transaction?.stage { return outcome }
        if case .aborting(let reason) = pairing?.stage {
            return Outcome(.refused(reason.sentence, nil))
        }
        return Outcome(.aborted("The phone was taken away too early."))
    }

    private mutating func beginTransaction() -> Move {
        let isPending = car.record.pending != nil
        let transaction =
            switch purpose {
            case .pairing: Transaction(.pairing)
            case .transaction(let code): Transaction(code)
            case .trunk: Transaction(.unlock, opensTrunk: true)
            case .dashboard:
                isPending ? Transaction(.pairing, fallback: .drive) : Transaction(.drive)
            }
        (pairing, isBetweenPhases) = (nil, false)
        self.transaction = transaction
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
            (pairing, isBetweenPhases) = (nil, true)
            next = .fieldReset
        case .end(.notReadyForPairing):
            guard purpose == .dashboard || car.record.pending != nil else {
                return step(.end(.outcome(Outcome(.aborted("The phone is not ready to pair.")))))
            }
            return step(beginTransaction())
        case .end(.outcome(var outcome)):
            outcome.controlFlow = lastFlow
            outcome.commands = commands
            (pairing, transaction, isBetweenPhases) = (nil, nil, false)
            self.outcome = outcome
            next = .finish(outcome)
        }
        defer { car.facts = [] }
        return Step(save: takeChange(), facts: car.facts, next: next)
    }

    /// The record, if it is another one than was last handed out.
    private mutating func takeChange() -> VehicleRecord? {
        guard car.isTouched else { return nil }
        car.isTouched = false
        guard car.record != saved else { return nil }
        saved = car.record
        return saved
    }
}
