// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyProtocol

/// How somebody walks up to a car with a phone in the pocket.
public struct ApproachOptions: Sendable {
    /// What the simulated radio of the car measures.
    public var centimetres: UInt16
    /// How long the phone stays near the car at most.
    public var timeout: Duration
    /// The user has authenticated.
    public var isUnlocked: Bool
    /// Where to write a trace; an approach that failed writes one into the phone's folder anyway.
    public var trace: String?

    /// An approach to 1.5 m for 10 s at most.
    public init(
        centimetres: UInt16 = 150, timeout: Duration = .seconds(10), isUnlocked: Bool = false,
        trace: String? = nil
    ) {
        self.centimetres = centimetres
        self.timeout = timeout
        self.isUnlocked = isUnlocked
        self.trace = trace
    }
}

/// What happened near the car, as the phone saw it.
public struct ApproachResult: Encounter {
    /// How it ended.
    public enum Ending: Equatable, Sendable {
        /// The car opened without a tap.
        case unlocked
        /// The car did not open, and said why.
        case refused(RangingReason)
        /// The car refused before it ranged: the transaction ended otherwise than well.
        case notBelieved
        /// The car knows the key and asked for no ranging.
        case notRanged
        /// The car said it opened, after fewer rounds than any measurement takes.
        case notMeasured
        /// No command came.
        case nobodyAsked
        /// In power reserve a phone has no radio but its NFC.
        case radioIsOff
    }

    public internal(set) var ending = Ending.nobodyAsked
    /// The transaction before ranging.
    public internal(set) var transaction = TapResult()
    /// Rounds answered.
    public internal(set) var rounds = 0
    /// The vehicle that asked for a key; none when none did.
    var vehicle: VehicleID?
    /// How this phone's key for that vehicle is.
    var standing = KeyStanding.none

    /// How a key is for a car that opens without a tap.
    enum KeyStanding: Equatable, Sendable { case none, suspended, atReadersOnly, ready }

    /// Where the trace is, when there is one.
    public var trace: String? { transaction.trace }
    /// Why the trace could not be written.
    public var traceFailure: String? { transaction.traceFailure }

    /// What cars left for this phone, a line each.
    public var messages: [String] { transaction.messages }

    /// The key of the transaction.
    public var key: KeyID? { transaction.key }

    /// Whether the car opened.
    public var isSuccess: Bool { ending == .unlocked }

    /// What to print after the phone's name.
    public var text: String {
        switch ending {
        case .unlocked:
            "unlocked without a tap (\(rounds) ranging rounds, \(transaction.apdus) APDUs)"
        case .refused(let reason): "refused: \(reason.sentence) (\(rounds) ranging rounds)"
        case .notBelieved: transaction.text
        case .notRanged: "the car knows the key and did not look where the phone is"
        case .notMeasured:
            "the car says it opened, but \(rounds) ranging rounds do not tell where a phone is"
        case .nobodyAsked: "no car asked for a key"
        case .radioIsOff: "the phone is in power reserve and its radio is off"
        }
    }

    /// What to do next; none when all is well.
    public var hint: String? {
        switch ending {
        case .unlocked: nil
        case .refused(.tooFar): "come nearer: --distance 1.5"
        case .refused(.needsAuthentication): "add --unlocked"
        case .refused(.keyEnded):
            "latchkey phone sync asks what was ordered about the key"
        case .refused(.notValidNow), .refused(.rightMissing):
            "ask the owner of the car for other rights"
        case .refused(.noSecret): "tap the door; keys made before the car had passive entry need it"
        case .refused: "come again"
        case .notBelieved where transaction.unknownKey: Self.hint(standing)
        case .notBelieved: transaction.hint
        case .notMeasured: "is this a car's radio? It needs \(RangingPolicy().rounds) rounds"
        case .notRanged: "the car has no passive entry: tap the door"
        case .nobodyAsked: "is a car's radio at this address?"
        case .radioIsOff: "tap the door: the secure element still answers there"
        }
    }
}

extension ApproachResult {
    private static func hint(_ standing: KeyStanding) -> String {
        switch standing {
        case .none, .ready: "latchkey phone list shows what this phone has"
        case .suspended: "the key is suspended: latchkey phone resume ends lost mode"
        case .atReadersOnly:
            "a key from before the car had passive entry works at its readers only"
        }
    }
}

extension TapResult {
    /// Whether the car found no key of its own.
    var unknownKey: Bool { ending == .controlFlow(.failure(.keyUnknown)) }
}
