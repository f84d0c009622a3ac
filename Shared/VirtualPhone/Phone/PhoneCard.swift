// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
public import KeyProtocol

/// A phone as a car meets it: framework and applet behind a contactless reader, or the applet alone
/// behind a stream (see `interface`).
///
/// `respond` changes the value and returns the answer; the shell saves `snapshot` when it changed
/// and only then sends the answer.
public struct PhoneCard: Sendable {
    /// Everything that must survive.
    public struct Snapshot: Codable, Hashable, Sendable {
        /// Framework and wallet.
        public var phone: PhoneState
        /// The secure element; secret.
        public var secureElement: SecureElement.State

        /// A phone that was never used.
        public init(phone: PhoneState = PhoneState(), secureElement: SecureElement.State = .init())
        {
            self.phone = phone
            self.secureElement = secureElement
        }
    }

    /// The keys; operations only.
    public internal(set) var element: SecureElement
    /// What framework and wallet keep.
    public internal(set) var state: PhoneState
    /// What user and battery allow now.
    public var conditions = PhoneConditions()
    /// How often 5F63 is answered with "pending" (PROTOCOL 7.4).
    public var pendingPolls = 0

    /// How cars reach this phone at the moment; changed while no transaction runs.
    public var interface = Interface.contactless
    let random: RandomSource
    let certificates: EndpointCertificateMaker
    private var applet = Applet()
    private var framework = Framework()
    var ranging = RangingResponder()
    private var selected: ApplicationID?
    /// Whether the framework was selected since the last loss of field (3.1).
    private var frameworkWasSelected = false
    /// Several power events without a command in between are one loss of field (7.4).
    private var commandSinceReset = false
    private var now = Instant(secondsSinceEpoch: 0)

    /// Takes up a saved phone.
    public init(snapshot: Snapshot = Snapshot(), random: RandomSource) {
        self.init(snapshot: snapshot, random: random, certificates: .issued)
    }

    init(snapshot: Snapshot, random: RandomSource, certificates: EndpointCertificateMaker) {
        element = SecureElement(state: snapshot.secureElement)
        state = snapshot.phone
        self.random = random
        self.certificates = certificates
        dropLostKeys()
    }

    /// What the shell saves.
    public var snapshot: Snapshot { Snapshot(phone: state, secureElement: element.state) }

    /// What happened since this was last asked.
    public mutating func takeEvents() -> [PhoneEvent] {
        defer { (applet.events, framework.events, ranging.events) = ([], [], []) }
        return framework.events + applet.events + ranging.events
    }

    /// Keys of the channel to the car, for traces of the bench.
    public var traceKeys: ChannelKeys? { framework.session?.channel.traceKeys ?? applet.traceKeys }

    /// Whether an attempt at pairing is between REQUEST and OP CONTROL FLOW 02.
    public var isPairing: Bool { framework.session != nil }

    /// Enters pairing mode; the password is the 8 digits of the automaker (PROTOCOL 5.1).
    public mutating func enterPairingMode(
        password: String, at now: Instant
    ) throws(PhoneError) {
        let digits = password.utf8
        guard digits.count == 8, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .badPassword
        }
        framework.abort(&element)
        state.pairing = PairingMode(password: password, since: now)
    }

    /// Leaves pairing mode and forgets the password and what an attempt has made.
    public mutating func leavePairingMode() {
        framework.abort(&element)
        state.pairing = nil
    }

    /// Power off, on or reset of the reader (PROTOCOL 7.4, 20), or the end of a stream.
    public mutating func fieldLost() {
        selected = nil
        frameworkWasSelected = false
        applet.drop()
        ranging.drop()
        guard commandSinceReset else { return }
        commandSinceReset = false
        framework.fieldLost(&element, frameworkContext)
    }

    /// Ends what has lasted too long, also when no reader ever comes again (PROTOCOL 5.1, 7.4).
    public mutating func timePassed(until now: Instant) {
        self.now = now
        expire()
    }

    /// Answers one command APDU of any content with a response APDU.
    public mutating func respond(to command: [UInt8], at now: Instant) -> [UInt8] {
        self.now = now
        commandSinceReset = true
        expire()
        do throws(Refusal) {
            guard let command = try? CommandAPDU(parsing: command) else {
                throw Refusal(.wrongLength)
            }
            return try answer(command).encoded
        } catch {
            framework.abort(&element)
            if let reason = error.reason { framework.events.append(.carRefused(reason)) }
            return ResponseAPDU(status: error.status).encoded
        }
    }

    private mutating func answer(_ command: CommandAPDU) throws(Refusal) -> ResponseAPDU {
        guard [0x00, 0x80, 0x84].contains(command.cla) else { throw Refusal(.wrongClass) }
        if command.ins == Instruction.select { return try select(command) }
        switch selected {
        case .framework:
            return try framework.respond(to: command, &element, &state, frameworkContext)
        case .applet:
            let body = try applet.respond(to: command, with: &element, in: appletContext)
            return ResponseAPDU(body)
        case nil: throw Refusal(.conditionsNotMet)
        }
    }

    /// SELECT routes between framework and applet and ends the running transaction (3.1).
    private mutating func select(_ command: CommandAPDU) throws(Refusal) -> ResponseAPDU {
        selected = nil
        applet.drop()
        guard command.cla == 0x00 else { throw Refusal(.wrongClass) }
        guard command.p1 == 0x04, command.p2 == 0x00 else { throw Refusal(.wrongParameters) }
        switch ApplicationID(command.data) {
        // Owner pairing is contactless.
        case .framework where conditions.frameworkRuns && interface == .contactless:
            selected = .framework
            frameworkWasSelected = true
            return ResponseAPDU(framework.select(&element, state))
        case .applet:
            framework.abort(&element)
            guard state.pairing == nil || frameworkWasSelected else { throw Refusal(.notFound) }
            guard conditions.appletRuns else { throw Refusal(.conditionsNotMet) }
            selected = .applet
            return ResponseAPDU(AppletSelection(versions: state.versions).encoded)
        default: throw Refusal(.notFound)
        }
    }

    /// Ends what has lasted too long: a password, a phase 2, the time around a field reset.
    private mutating func expire() {
        element.dropRangingSecrets(at: now)
        if framework.session?.isOverdue(at: now) == true { framework.abort(&element) }
        if let pairing = state.pairing, now > pairing.since.adding(seconds: Limits.password) {
            leavePairingMode()
            framework.events.append(.pairingModeLeft)
        }
    }

    /// A wallet key whose endpoint is gone is of no use to anybody.
    private mutating func dropLostKeys() {
        state.keys.removeAll { element.phase(of: $0.id) == nil }
    }

    var appletContext: Applet.Context {
        Applet.Context(
            versions: state.versions, conditions: conditions, random: random, interface: interface,
            now: now)
    }

    private var frameworkContext: Framework.Context {
        Framework.Context(
            now: now, random: random, certificates: certificates, pendingPolls: pendingPolls)
    }
}
