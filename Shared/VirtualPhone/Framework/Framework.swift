// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol

/// The phone's operating system at the reader: owner pairing (PROTOCOL 4.1, 5, 7).
struct Framework: Sendable {
    /// What a step may depend on besides the saved state.
    struct Context: Sendable {
        let now: Instant
        let random: RandomSource
        let certificates: EndpointCertificateMaker
        /// How often 5F63 is answered with "pending" before the key is there.
        let pendingPolls: Int
    }

    var session: PairingSession?
    /// What happened since the card last asked.
    var events: [PhoneEvent] = []

    private static let rules: [UInt8: CommandRule] = [
        Instruction.spakeRequest: CommandRule(cla: 0x80),
        Instruction.spakeVerify: CommandRule(cla: 0x80, size: 0x55),
        Instruction.writeData: CommandRule(
            cla: 0x84, parameters: { [0x00, 0x80].contains($0) && $1 == 0 }),
        Instruction.getData: CommandRule(cla: 0x84),
        Instruction.getResponse: CommandRule(cla: 0x00, size: 0),
        Instruction.controlFlow: CommandRule(
            cla: 0x80, parameters: { OPControlFlow(p1: $0, p2: $1) != nil }, size: 0),
    ]

    /// SELECT, which a session survives unless it waits for something else.
    ///
    /// ```
    /// response  5A 2n SPAKE2+ versions | 5C 2m applet versions | D4 01 00 or 02
    /// ```
    mutating func select(_ element: inout SecureElement, _ state: PhoneState) -> [UInt8] {
        switch session?.stage {
        case .awaitingSelect: session?.stage = .awaitingData
        case .awaitingReset, .awaitingData, .described, .confirmed: abort(&element)
        default: session?.unsent = []
        }
        return FrameworkSelection(
            appletVersions: state.versions, isReadyForPairing: state.pairing != nil
        ).encoded
    }

    /// Answers every command but SELECT; the card aborts the session on any refusal.
    mutating func respond(
        to command: CommandAPDU, _ element: inout SecureElement, _ state: inout PhoneState,
        _ context: Context
    ) throws(Refusal) -> ResponseAPDU {
        guard let rule = Self.rules[command.ins] else { throw Refusal(.unknownInstruction) }
        try rule.check(command)
        // What starts over or gives up may come at any time.
        let isFree =
            command.ins == Instruction.spakeRequest
            || command.ins == Instruction.controlFlow && command.p1 == 0x00
        if case .awaitingData = session?.stage, command.ins != Instruction.getData, !isFree {
            throw Refusal(.conditionsNotMet)
        }
        switch command.ins {
        case Instruction.spakeRequest:
            return try request(command.data, &element, state, context)
        case Instruction.spakeVerify:
            return try verify(command.data, &state)
        case Instruction.writeData:
            return try writeData(command, element, state, context)
        case Instruction.getData:
            return try getData(command.data, state)
        case Instruction.getResponse:
            return try getResponse()
        default:
            return try controlFlow(command, &element, &state, context)
        }
    }

    /// Forgets the session and deletes the endpoint it made: nothing half-made is kept.
    mutating func abort(_ element: inout SecureElement) {
        guard let session else { return }
        self.session = nil
        guard let key = session.key, element.phase(of: key) == .creating else { return }
        element.remove(key)
        events.append(.pairingAborted)
    }

    /// The session survives exactly the one loss of field that OP CONTROL FLOW 01 announced; the
    /// endpoint is made while the field is off (PROTOCOL 7.4).
    mutating func fieldLost(_ element: inout SecureElement, _ context: Context) {
        guard case .awaitingReset = session?.stage else { return abort(&element) }
        session?.stage = .awaitingSelect
        createEndpoint(&element, context)
    }

    private mutating func createEndpoint(_ element: inout SecureElement, _ context: Context) {
        guard let plan = session?.plan else { return }
        do {
            let (key, certificate) = try element.createEndpoint(
                plan.description, mapping: plan.mapping, origin: .pairing,
                automaker: plan.automaker, context.certificates, context.random)
            session?.key = key
            session?.endpointCertificate = certificate
            session?.creation = context.pendingPolls > 0 ? .pending(context.pendingPolls) : .ready
        } catch { session?.creation = .failed }
    }

    /// The running session, or the refusal of a command that needs one.
    func running() throws(Refusal) -> PairingSession {
        guard let session else { throw Refusal(.conditionsNotMet) }
        return session
    }
}
