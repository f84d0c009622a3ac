// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import KeyCrypto
internal import PKI

/// One ranging session, the car's side (PROTOCOL 18.2): a value that takes frames with what the radio
/// measured meanwhile, and says what to do next. It does no I/O and has no clock.
///
/// ```text
/// start → response → challenge → response → … until near often enough in a row, or a refusal
/// ```
/// Only the answer to the round that was just asked counts: any other ends the session, so that nothing
/// recorded, doubled, reordered or from elsewhere is ever measured. How far the phone is comes from
/// the radio, in this suite a simulated one that believes what it is told.
public struct RangingSession: Sendable {
    /// The key that is ranged.
    public let keyId: KeyID
    /// Its slot id.
    public let slotId: SlotID
    /// What unlocking opens for it.
    public let doors: Outcome.Doors
    private let vehicleId: VehicleID
    private let policy: RangingPolicy
    private let keys: RangingKeys
    private let random: RandomSource
    private let sessionId: [UInt8]
    private var asked: RangingRound
    private var isAsking = false
    private var near = 0
    private var last: UInt16?
    private var result: RangingResult?

    init(
        _ key: KeyRecord, _ secret: RangingSecret, vehicleId: VehicleID, policy: RangingPolicy,
        random: RandomSource
    ) {
        (keyId, slotId) = (key.keyId, key.slotId)
        doors = Rights.doors(key.config.profile)
        self.vehicleId = vehicleId
        self.policy = policy
        self.random = random
        sessionId = random.bytes(8, for: "ranging session")
        keys = RangingKeys(
            ursk: secret.secret, vehicleId: vehicleId, sessionId: sessionId)
        asked = RangingRound(
            sessionId: sessionId, number: 0, nonce: random.bytes(8, for: "ranging nonce"))
    }

    /// Asks the phone to begin; its answer is not measured.
    public mutating func start() -> RangingStep { ask(.start(vehicleId, asked)) }

    /// The phone answered; `measured` is what the radio says of this answer, in centimetres, and
    /// `elapsed` the time since the start.
    public mutating func received(
        _ frame: StreamFrame, measured: UInt16?, after elapsed: Duration
    ) -> RangingStep {
        if let result { return .finish(result) }
        guard let message = try? RangingMessage(parsing: frame) else { return refuse(.malformed) }
        switch message {
        case .end(let reason): return refuse(reason ?? .unspecified)
        case .response(let round):
            if let objection = objection(to: round, message) { return refuse(objection) }
        case .start, .challenge, .simulatedDistance: return refuse(.malformed)
        }
        isAsking = false
        if asked.number > 0 { take(measured) }
        if near >= policy.rounds, let last {
            return finish(.near(centimetres: last, rounds: Int(asked.number)))
        }
        guard elapsed < policy.time, asked.number < policy.attempts else { return tooLate() }
        return .wait(milliseconds: Limits.rangingPause)
    }

    /// The pause is over.
    public mutating func waited(after elapsed: Duration) -> RangingStep {
        guard result == nil, elapsed < policy.time else { return tooLate() }
        asked = RangingRound(
            sessionId: sessionId, number: asked.number + 1,
            nonce: random.bytes(8, for: "ranging nonce"))
        return ask(.challenge(asked))
    }

    /// No answer in time, or the phone is gone.
    public mutating func lost() -> RangingStep { tooLate() }

    private mutating func ask(_ message: RangingMessage) -> RangingStep {
        guard result == nil, let sealed = try? message.sealed(with: keys, by: .car) else {
            return refuse(.unspecified)
        }
        isAsking = true
        return .send(sealed.frame)
    }

    /// The MAC is looked at before the round: only the phone itself can be told that it repeats itself.
    private func objection(
        to round: RangingRound, _ message: RangingMessage
    ) -> RangingReason? {
        guard round.sessionId == sessionId else { return .otherSession }
        guard message.isSealed(with: keys, by: .phone) else { return .wrongMAC }
        guard isAsking, round.number == asked.number, round.nonce == asked.nonce else {
            return .oldRound
        }
        return nil
    }

    /// A round that is too far, or was not measured, begins the count again.
    private mutating func take(_ measured: UInt16?) {
        last = measured ?? last
        near = measured.map { $0 <= policy.centimetres } ?? false ? near + 1 : 0
    }

    private mutating func tooLate() -> RangingStep {
        guard let last, last > policy.centimetres else { return refuse(.timeout) }
        return finish(.refused(.tooFar, centimetres: last))
    }

    private mutating func refuse(_ reason: RangingReason) -> RangingStep {
        finish(.refused(reason, centimetres: nil))
    }

    private mutating func finish(_ new: RangingResult) -> RangingStep {
        let final = result ?? new
        result = final
        return .finish(final)
    }
}

/// When a phone counts as being at the car.
public struct RangingPolicy: Hashable, Sendable {
    /// The farthest a phone may be, centimetres.
    public var centimetres: UInt16
    /// Rounds in a row that must be within it.
    public var rounds: Int
    /// Rounds of one session at most.
    public var attempts: UInt32
    /// How long a session may take.
    public var time: Duration

    /// Three rounds in a row within 2 m, in at most 50 rounds and 5 s.
    public init(
        centimetres: UInt16 = 200, rounds: Int = 3, attempts: UInt32 = 50,
        time: Duration = .seconds(5)
    ) {
        self.centimetres = centimetres
        self.rounds = rounds
        self.attempts = attempts
        self.time = time
    }
}

/// What the shell does next.
public enum RangingStep: Equatable, Sendable {
    /// Send this and call `received` with the answer, or `lost` when none comes.
    case send(StreamFrame)
    /// Do nothing for a while, then call `waited`.
    case wait(milliseconds: Int)
    /// It is over; act, then tell the phone with `RangingMessage.end`.
    case finish(RangingResult)
}

/// How ranging ended.
public enum RangingResult: Equatable, Sendable {
    /// The phone is at the car; open what its profile may open.
    case near(centimetres: UInt16, rounds: Int)
    /// The car stays as it is; with the last distance when that is the reason.
    case refused(RangingReason, centimetres: UInt16?)
}
