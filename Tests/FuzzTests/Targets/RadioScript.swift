// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol

@testable import VirtualPhone

/// A phone in reach of a car's radio: a transaction that makes a ranging secret, then ranging, over
/// a stream that does what the input says.
struct RadioScript {
    private var input: FuzzInput
    private var record: VehicleRecord
    private var phone: PhoneCard
    private var now = FuzzWorld.noon
    /// What was sent and answered before, for replays.
    private var frames: [StreamFrame] = []
    private var answers: [StreamFrame] = []
    /// Whether the answer under way is the phone's own to the frame just sent.
    private var isGenuine = false
    private let random = FuzzRandom(seed: "radio").source

    init(_ bytes: [UInt8]) {
        input = FuzzInput(bytes)
        (record, phone) = FuzzWorld.shared.radio
    }

    /// `purpose(1)`, then per frame `{ action(1) ... }`, per round of ranging `distance(1)` before.
    mutating func run() throws {
        let purposes: [TransactionCode] = [.presence, .unlock, .lock, .maintenance]
        let purpose = purposes[Int(input.byte()) % purposes.count]
        let outcome = try transact(purpose) { try $0.pass($1) }
        switch outcome.result {
        case .unlocked, .locked, .driveReady, .present, .paired:
            try require(outcome.keyId == record.owner?.keyId, "opened for another key")
        case .refused, .aborted: break
        }
        try range {
            $0.input.byte()
        } over: {
            try $0.pass($1)
        }
        phone.fieldLost()
        try repair()
    }

    /// Whatever happened, on a good stream one standard transaction is enough to range again.
    private mutating func repair() throws {
        let outcome = try transact(.maintenance) { $0.answer(to: $1) }
        try require(outcome.result == .present, "the key does not open: \(outcome)")
        try require(outcome.transaction == .standard, "maintenance is \(outcome)")
        let result = try range { _ in
            25
        } over: {
            $0.answer(to: $1)
        }
        guard case .near = result else { throw FuzzFailure("ranging is not repaired: \(result)") }
    }

    // MARK: - The car

    private typealias Wire = (inout RadioScript, StreamFrame) throws -> StreamFrame?

    private mutating func transact(_ code: TransactionCode, over wire: Wire) throws -> Outcome {
        var run = try CarRun(record, .transaction(code), interface: .wired)
        let (outcome, saved) = try run.run { command in
            guard let command else { throw FuzzFailure("a field reset over the stream") }
            return try wire(&self, .command(command))?.data
        }
        record = saved
        return outcome
    }

    @discardableResult
    private mutating func range(
        at distance: (inout RadioScript) -> UInt8, over wire: Wire
    ) throws -> RangingResult {
        guard let slot = record.owner?.slotId else { throw FuzzFailure("the owner is gone") }
        let policy = RangingPolicy(attempts: 20)
        var session: RangingSession
        do throws(RangingReason) {
            session = try record.beginRanging(of: slot, at: now, policy: policy, random: random)
        } catch { return .refused(error, centimetres: nil) }
        try require(record.owner?.ranging == nil, "a ranging secret is used twice")
        var (step, isStart, near) = (session.start(), true, 0)
        for _ in 0..<100 {
            switch step {
            case .wait: step = session.waited(after: .seconds(1))
            case .send(let frame):
                let centimetres = UInt16(distance(&self)) * 4
                let answer = try wire(&self, frame)
                near = isGenuine && centimetres <= policy.centimetres && !isStart ? near + 1 : 0
                isStart = false
                step =
                    answer.map {
                        session.received($0, measured: centimetres, after: .seconds(1))
                    } ?? session.lost()
            case .finish(let result):
                if case .near = result {
                    try require(near >= policy.rounds, "near after \(near) rounds")
                }
                try require(
                    session.waited(after: .zero) == .finish(result), "an ended session goes on")
                return result
            }
        }
        throw FuzzFailure("ranging does not come to an end")
    }

    // MARK: - The stream

    /// The phone's answer as it leaves.
    private mutating func answer(to frame: StreamFrame) -> StreamFrame? {
        let answer = phone.receive(frame, at: now)
        isGenuine = answer != nil
        return answer
    }

    private mutating func pass(_ frame: StreamFrame) throws -> StreamFrame? {
        frames.append(frame)
        let action = input.byte()
        let answer = mishap(frame, action)
        if let answer { answers.append(answer) }
        return answer
    }

    private mutating func mishap(_ frame: StreamFrame, _ action: UInt8) -> StreamFrame? {
        switch action & 0x1F {
        case 1:
            guard let sent = changed(frame, action) else { return nil }
            let answer = answer(to: sent)
            isGenuine = isGenuine && sent == frame
            return answer
        case 2:
            guard let answer = answer(to: frame), let arrived = changed(answer, action) else {
                return nil
            }
            isGenuine = arrived == answer
            return arrived
        case 3: return nil
        case 4:
            _ = answer(to: frame)
            return nil
        case 5: _ = answer(to: frame)
        case 6: _ = phone.receive(frames[Int(input.byte()) % frames.count], at: now)
        case 7:
            _ = answer(to: frame)
            isGenuine = false
            return answers.isEmpty ? nil : answers[Int(input.byte()) % answers.count]
        case 8: phone.fieldLost()
        case 9: phone = PhoneCard(snapshot: phone.snapshot, random: random).wired
        case 10: _ = phone.receive(Self.frame(&input), at: now)
        case 11: phone.conditions.isUnlocked.toggle()
        default: break
        }
        return answer(to: frame)
    }

    /// A frame after a bad stream; none when no frame arrives.
    private mutating func changed(_ frame: StreamFrame, _ action: UInt8) -> StreamFrame? {
        try? StreamFrame(parsing: input.changed(frame.encoded, by: action))
    }

    // MARK: - A stranger

    /// Whoever reaches the phone's radio without a key of the car: `{ kind(1) ... }*`.
    @Sendable static func stranger(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        var phone = FuzzWorld.shared.radio.phone
        let before = phone.snapshot
        for _ in 0..<100 where !input.isAtEnd {
            let frame = Self.frame(&input)
            guard let answer = phone.receive(frame, at: FuzzWorld.noon) else { continue }
            try require(answer.type == frame.type, "an answer of another type")
            try require(answer.data.count <= Limits.streamData, "an answer that is too long")
            if answer.type == .ranging {
                guard case .end(_?) = try? RangingMessage(parsing: answer) else {
                    throw FuzzFailure("a stranger is ranged: \(answer)")
                }
            }
        }
        try require(phone.snapshot == before, "a stranger changed the phone")
    }

    /// `kind(1)`, then what it needs: well formed down to the MAC, or anything.
    private static func frame(_ input: inout FuzzInput) -> StreamFrame {
        let round = RangingRound(
            sessionId: [UInt8](repeating: 1, count: 8), number: 0,
            nonce: [UInt8](repeating: 2, count: 8), mac: [UInt8](repeating: 3, count: 8))
        switch input.byte() % 8 {
        case 0: return .command(input.piece())
        case 1: return .command(ApplicationID.applet.select.encoded)
        case 2: return .command(ApplicationID.framework.select.encoded)
        case 3:
            let command = Auth0Command(
                version: .v0200, vehicleEphemeral: FuzzKeys.friend.publicKey.bytes,
                transactionId: [UInt8](repeating: 4, count: 16), vehicleId: FuzzKeys.vehicleId)
            let isFast = input.byte() & 1 != 0
            return .command(command.command(fast: isFast, .unlock).encoded)
        case 4: return RangingMessage.start(FuzzKeys.vehicleId, round).frame
        case 5: return RangingMessage.challenge(round).frame
        case 6: return RangingMessage.end(RangingReason(rawValue: input.byte())).frame
        default: return StreamFrame(.init(rawValue: input.byte()), input.byte(), input.piece())
        }
    }
}

extension PhoneCard {
    /// The same phone reached by its radio.
    var wired: PhoneCard {
        var phone = self
        phone.interface = .wired
        return phone
    }
}
