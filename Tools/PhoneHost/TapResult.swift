// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyProtocol
public import VirtualPhone

/// How a tap is to go.
public struct TapOptions: Sendable {
    /// Enters pairing mode with these eight digits first.
    public var password: String?
    /// How long the phone stays at the reader at most.
    public var timeout: Duration
    /// The user has authenticated.
    public var isUnlocked: Bool
    /// Only the secure element has power: no framework (F4).
    public var powerReserve: Bool
    /// Where to write a trace; a tap that failed writes one into the phone's folder anyway.
    public var trace: String?

    /// A tap; without `timeout` 10 s, and 60 s for pairing.
    public init(
        password: String? = nil, timeout: Duration? = nil, isUnlocked: Bool = false,
        powerReserve: Bool = false, trace: String? = nil
    ) {
        self.trace = trace
        self.password = password
        self.timeout = timeout ?? (password == nil ? .seconds(10) : .seconds(60))
        self.isUnlocked = isUnlocked
        self.powerReserve = powerReserve
    }
}

/// What happened at the reader, as the phone saw it.
public struct TapResult: Encounter {
    /// How it ended.
    public enum Ending: Equatable, Sendable {
        /// The car's last CONTROL FLOW.
        case controlFlow(ControlFlow)
        /// Owner pairing ended without a key; the car's reason, if it gave one.
        case pairingFailed(OPControlFlow?)
        /// The phone refused the car in owner pairing; a sentence.
        case carRefused(String)
        /// The reader let go before the car had said how it ended.
        case interrupted
        /// No command came.
        case nobodyAsked
    }

    public internal(set) var ending = Ending.nobodyAsked
    /// What the reader said of itself before the first command; none when it said nothing.
    public internal(set) var announcement: ReaderAnnouncement?
    /// The key of the last transaction.
    public internal(set) var key: KeyID?
    /// Whether the last transaction was a fast one; none without a transaction.
    public internal(set) var isFast: Bool?
    /// The key owner pairing made.
    public internal(set) var paired: KeyID?
    /// Whether the phone came to be paired.
    var wasPairing = false
    /// Whether only the secure element had power.
    var wasInPowerReserve = false
    /// Whether express mode was off and nobody had authenticated.
    var wasLocked = false
    /// Whether lost mode keeps a key of this phone from working.
    var hasSuspendedKey = false
    /// Commands answered.
    public internal(set) var apdus = 0
    /// From the first command to the last answer.
    public internal(set) var milliseconds = 0.0
    /// What cars left for this phone, a line each.
    public internal(set) var messages: [String] = []

    /// Where the trace is, when there is one.
    public internal(set) var trace: String?
    /// Why the trace could not be written; the tap is what it is.
    public internal(set) var traceFailure: String?

    /// Whether the car did what the phone came for.
    public var isSuccess: Bool {
        switch ending {
        case .controlFlow(.success), .controlFlow(.unnamed(success: true, _)): true
        default: false
        }
    }

    /// What to print after the phone's name.
    public var text: String {
        let kind = isFast.map { $0 ? "fast, " : "standard, " } ?? ""
        let measure =
            "\(paired == nil ? kind : "")\(apdus) APDU\(apdus == 1 ? "" : "s"), \(Int(milliseconds.rounded())) ms"
        return switch ending {
        case .nobodyAsked: "no car asked for a key"
        case .interrupted where wasPairing: "not paired: the car ended it (\(measure))"
        case .interrupted: "the car let go before it was done (\(measure))"
        case .pairingFailed(let reason): "not paired: \(Self.sentence(reason)) (\(measure))"
        case .carRefused(let reason): "not paired: \(reason) (\(measure))"
        case .controlFlow where paired != nil && isSuccess: "paired (\(measure))"
        case .controlFlow(.success(.unlocked)) where announcement?.terminal?.position == .trunk:
            "trunk unlocked (\(measure))"
        case .controlFlow(.success(let result)): "\(Self.word(result)) (\(measure))"
        case .controlFlow(let flow) where isSuccess: "\(flow.sentence) (\(measure))"
        case .controlFlow(let flow): "refused: \(flow.sentence) (\(measure))"
        }
    }

    /// What to do next; none when all is well.
    public var hint: String? {
        if wasPairing, paired == nil, isElsewhere {
            return "pairing works at the dashboard reader only"
        }
        return switch ending {
        case .nobodyAsked:
            "is a car at this reader? Pairing needs the dashboard reader and `latchkey vehicle pair`"
        case .interrupted where offersSetup, .controlFlow(.failure(.keyUnknown)) where offersSetup:
            "the car offers to set up a key: add --password, `latchkey vehicle pair` prints one"
        case .interrupted where wasPairing:
            "is this the dashboard reader, is the car in pairing mode, and is its automaker's bundle imported? See `latchkey vehicle pair` and `latchkey device-oem import`"
        case .interrupted: "tap again"
        case .pairingFailed: "`latchkey vehicle pair` gives a fresh password"
        case .carRefused:
            "`latchkey device-oem import FILE` makes the phone know an automaker; is this its car?"
        case .controlFlow(.failure(.needsAuthentication)) where wasInPowerReserve:
            "nobody can authenticate in power reserve, where express mode alone opens"
        case .controlFlow(.failure(.needsAuthentication)) where wasLocked:
            "express mode is off and the phone is locked: add --unlocked"
        case .controlFlow(.failure(.keyUnknown)) where hasSuspendedKey:
            "a key of this phone is suspended: latchkey phone resume ends lost mode"
        case .controlFlow(.failure(let hint)): Self.hint(hint)
        case .controlFlow: nil
        }
    }

    /// The car waits for its owner, and this phone came without the password.
    private var offersSetup: Bool { !wasPairing && announcement?.choice == .setup }

    /// The reader said that it is another than the one at the dashboard.
    private var isElsewhere: Bool {
        announcement?.terminal.map { $0.position != .dashboard } ?? false
    }

    private static func word(_ result: ControlFlow.Result) -> String {
        switch result {
        case .done: "done"
        case .unlocked: "unlocked"
        case .locked: "locked"
        case .driveReady: "ready to drive"
        case .stayOnReader: "stay on the reader"
        }
    }

    private static func sentence(_ reason: OPControlFlow?) -> String {
        guard case .abort(let reason) = reason, reason != .none else {
            return "Pairing ended without a key."
        }
        return reason.sentence
    }

    private static func hint(_ hint: ControlFlow.Hint) -> String {
        switch hint {
        case .keyUnknown, .attestationRefused: "latchkey phone list shows what this phone has"
        case .keySuspendedOrTerminated: "latchkey phone sync asks what was ordered about the key"
        case .receiptMissing: "latchkey phone sync registers the key; then tap again"
        case .needsAuthentication:
            "add --unlocked, or enter the activation code in the car: latchkey vehicle code"
        case .notValidNow:
            "latchkey phone list shows when the key works; a car that has lost the time starts for no key with an end"
        case .rightMissing: "ask the owner of the car for other rights"
        case .tokenWrong:
            "the car made this key another immobilizer token: the owner pairs again, or shares a new key"
        case .none, .retry, .readerFault: "tap again"
        }
    }
}

extension ReaderAnnouncement {
    /// What to print after the phone's name.
    public var sentence: String {
        guard let terminal else { return "reader announced: not a car" }
        let place =
            switch terminal.position {
            case .door: "door"
            case .dashboard: "dashboard"
            case .trunk: "trunk"
            case .other(let number): "reader \(number)"
            }
        let shown =
            switch choice {
            case .key(let key): "key \(key)"
            case .setup: "offers to set up a key"
            case .nothing: "no key for it"
            }
        return "reader announced: \(place) of make \(terminal.make), \(shown)"
    }
}
