// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol

/// The transactions of the secure element (PROTOCOL 8, 9): at most one at a time, never saved.
struct Applet: Sendable {
    /// What an answer may depend on besides the secure element.
    struct Context: Sendable {
        /// What SELECT offered.
        let versions: [ProtocolVersion]
        let conditions: PhoneConditions
        let random: RandomSource
        /// How the car is reached (8.4).
        let interface: Interface
        let now: Instant
    }

    /// Between AUTH0 and the end of the transaction.
    enum Transaction: Sendable {
        case none
        case started(Started)
        case open(Session)
    }

    /// After AUTH0: the standard option and, when fast was asked for, real or dummy fast keys.
    struct Started: Sendable {
        let transcript: TransactionTranscript
        let ephemeral: PrivateKey
        /// The key this transaction may become; none for a stranger's vehicle.
        let key: KeyID?
        let vehicleKey: PublicKey
        var fast: FastChannel?
    }

    /// Keys behind a cryptogram that was sent; those of a dummy open nothing.
    struct FastChannel: Sendable {
        var channel: SecureChannel
        let isReal: Bool
    }

    /// After the first EXCHANGE under fast keys, or after AUTH1.
    struct Session: Sendable {
        let key: KeyID
        let isFast: Bool
        var channel: SecureChannel
        var exchange = ExchangeSession()
    }

    var transaction = Transaction.none
    /// What happened since the card last asked.
    var events: [PhoneEvent] = []

    private static let rules: [UInt8: CommandRule] = [
        Instruction.auth0: CommandRule(cla: 0x80, parameters: Self.isAuthenticationStart),
        Instruction.auth1: CommandRule(cla: 0x80),
        Instruction.exchange: CommandRule(cla: 0x84),
        Instruction.controlFlow: CommandRule(
            cla: 0x80, parameters: { ControlFlow(p1: $0, p2: $1) != nil }, size: 0),
    ]

    /// P1 00 standard or 01 fast; P2 a transaction code; drive and phase 3 are never fast (4.3).
    @Sendable private static func isAuthenticationStart(_ p1: UInt8, _ p2: UInt8) -> Bool {
        guard let code = TransactionCode(rawValue: p2) else { return false }
        return p1 == 0x00 || (p1 == 0x01 && code.mayBeFast)
    }

    /// Ends the running transaction: SELECT, loss of field.
    mutating func drop() { transaction = .none }

    /// Answers every command but SELECT.
    mutating func respond(
        to command: CommandAPDU, with element: inout SecureElement, in context: Context
    ) throws(Refusal) -> [UInt8] {
        guard let rule = Self.rules[command.ins] else { throw Refusal(.unknownInstruction) }
        try rule.check(command)
        switch command.ins {
        case Instruction.auth0:
            return try start(command, element, context)
        case Instruction.auth1:
            return try authenticate(command, &element, context)
        case Instruction.exchange:
            return try exchange(command, &element)
        default:
            if let word = ControlFlow(p1: command.p1, p2: command.p2) {
                events.append(.controlFlow(currentKey, word))
            }
            transaction = .none
            return []
        }
    }

    /// Those of a dummy are none: they open nothing.
    var traceKeys: ChannelKeys? {
        switch transaction {
        case .none: nil
        case .started(let started):
            started.fast.flatMap { $0.isReal ? $0.channel.traceKeys : nil }
        case .open(let session): session.channel.traceKeys
        }
    }

    /// Whose transaction runs, as far as the phone has committed to one.
    private var currentKey: KeyID? {
        switch transaction {
        case .none: nil
        case .started(let started): started.fast?.isReal == true ? started.key : nil
        case .open(let session): session.key
        }
    }
}
