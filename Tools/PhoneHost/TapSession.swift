// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyProtocol
internal import VirtualPhone

/// Decides when a tap is over; knows nothing of sockets.
struct TapSession {
    let isPairing: Bool
    let deadline: ContinuousClock.Instant
    var result = TapResult()
    var trace: TapTrace
    private(set) var isOver = false
    private let began = ContinuousClock.now
    private var firstCommand: ContinuousClock.Instant?
    private var connectedAt = ContinuousClock.now
    private var lastEvent = ContinuousClock.now
    /// The car has said its last word, as far as can be known.
    private var isDone = false
    private var reason: OPControlFlow?
    private var isAtFramework = false
    /// The field is gone as announced, or back without a command yet.
    private var isInReset = false
    /// Why the phone itself refused the car.
    private var refusal: String?

    /// Nothing follows a last CONTROL FLOW after this time.
    static let afterWord = Duration.milliseconds(300)
    /// The car may start pairing again after an attempt failed.
    static let afterFailure = Duration.seconds(2)
    /// A car that is silent for so long in the middle has given up.
    static let inTheMiddle = Duration.seconds(5)
    /// A car may take its time with the field reset it announced (PROTOCOL 7.4).
    static let inTheReset = Duration.seconds(60)
    /// A reader that has not noticed the phone by then missed that the one before left.
    static let unnoticed = Duration.seconds(2)

    init(isPairing: Bool, timeout: Duration, trace: TapTrace) {
        self.isPairing = isPairing
        self.trace = trace
        deadline = ContinuousClock.now + timeout
    }

    /// Until when to wait for the next event.
    var nextLook: ContinuousClock.Instant {
        return min(
            deadline, result.apdus == 0 ? connectedAt + Self.unnoticed : lastEvent + patience)
    }

    private var patience: Duration {
        guard isDone else { return isInReset ? Self.inTheReset : Self.inTheMiddle }
        if case .pairingFailed = result.ending { return Self.afterFailure }
        return Self.afterWord
    }

    /// Since the phone came to the reader.
    var milliseconds: Double { (ContinuousClock.now - began) / .milliseconds(1) }

    mutating func commandCame() {
        lastEvent = .now
        isInReset = false
        firstCommand = firstCommand ?? lastEvent
        result.apdus += 1
        // Whatever was said before was not the last word, unless the phone itself said no.
        result.ending = refusal.map(TapResult.Ending.carRefused) ?? .interrupted
        isDone = refusal != nil
    }

    mutating func answered() {
        guard let firstCommand else { return }
        result.milliseconds = (ContinuousClock.now - firstCommand) / .milliseconds(1)
    }

    /// Notes how the car steers pairing; its reason comes after the phone has given up by itself.
    mutating func steer(_ command: [UInt8]) {
        guard let command = try? CommandAPDU(parsing: command) else { return }
        if command.ins == Instruction.select {
            isAtFramework = ApplicationID(command.data) == .framework
        }
        guard isAtFramework, command.ins == Instruction.controlFlow else { return }
        reason = OPControlFlow(p1: command.p1, p2: command.p2)
        guard case .abort = reason, result.paired == nil, refusal == nil else { return }
        result.ending = .pairingFailed(reason)
        isDone = true
    }

    mutating func saw(_ event: PhoneEvent) {
        switch event {
        case .paired(let key): result.paired = key
        case .pairingAborted, .pairingModeLeft:
            guard result.paired == nil else { return }
            result.ending = .pairingFailed(reason)
            isDone = true
        case .carRefused(let reason):
            refusal = reason
            result.ending = .carRefused(reason)
            isDone = true
        case .transaction(let key, let isFast):
            result.key = key
            result.isFast = isFast
        case .controlFlow(let key, let flow):
            result.key = key ?? result.key
            result.ending = .controlFlow(flow)
            isDone = flow != .success(.stayOnReader)
        case .notification, .mailboxWritten, .ranging, .rangingEnded: break
        }
    }

    /// The reader said what it is; that is no command, and nothing is over because of it.
    mutating func announced(_ announcement: ReaderAnnouncement) {
        lastEvent = .now
        result.announcement = announcement
    }

    mutating func sent(_ isSent: Bool) {
        if !isSent { _ = closed() }
    }

    mutating func powered() { lastEvent = .now }

    /// The reader cut the field: that is the end after a last word, and part of pairing before.
    mutating func letGo() {
        lastEvent = .now
        isInReset = reason == .fieldResetFollows
        if isDone, case .controlFlow = result.ending { isOver = true }
    }

    /// True when the phone should come again: the reader has not noticed it.
    mutating func silence() -> Bool {
        isOver = result.apdus > 0 || ContinuousClock.now >= deadline
        return !isOver
    }

    /// True when the phone should come again.
    mutating func closed() -> Bool {
        if isDone || ContinuousClock.now >= deadline {
            isOver = true
            return false
        }
        guard isPairing || result.apdus == 0 else {
            isOver = true
            return false
        }
        return true
    }

    mutating func reconnected() {
        connectedAt = .now
        lastEvent = .now
    }
}
