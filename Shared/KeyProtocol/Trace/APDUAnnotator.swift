// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
public import KeyCrypto

/// Names every command and answer of a tap in the order they came, protected ones in clear when it
/// is given the keys of the channel. It believes nothing and never fails: what it cannot read it
/// calls unknown.
public struct APDUAnnotator: Sendable {
    private var selected: ApplicationID?
    var channel: SecureChannel?
    /// Plain text of the running WRITE DATA batch.
    var batch: [UInt8] = []
    /// What GET DATA asked for, and what has come of it.
    var wanted: [UInt8] = []
    var object: [UInt8] = []
    /// Where fields of the private mailbox are; a pairing says so.
    var mapping = MailboxMapping.standard

    /// An annotator that has seen nothing.
    public init() {}

    /// A command and the answer to it.
    ///
    /// - Parameter keys: those of a channel that this answer opened (VERIFY, AUTH0, AUTH1).
    public mutating func annotate(
        command: [UInt8], response: [UInt8], keys: ChannelKeys? = nil
    ) -> [AnnotatedAPDU] {
        let answer = try? ResponseAPDU(parsing: response)
        guard let apdu = try? CommandAPDU(parsing: command) else {
            return [
                AnnotatedAPDU(
                    isCommand: true, head: Array(command.prefix(4)), title: "no APDU",
                    parts: [TracePart(Array(command.dropFirst(4)), "unknown bytes")]),
                Self.annotated(answer, response, []),
            ]
        }
        let isDone = answer.map { $0.status == .done || $0.status.hasMoreData } ?? false
        let (title, sent, came) = parts(apdu, isDone ? answer?.body ?? [] : [], isDone, keys)
        return [
            AnnotatedAPDU(
                isCommand: true, head: [apdu.cla, apdu.ins, apdu.p1, apdu.p2], title: title,
                parts: sent),
            Self.annotated(answer, response, came),
        ]
    }

    private static func annotated(
        _ answer: ResponseAPDU?, _ bytes: [UInt8], _ parts: [TracePart]
    ) -> AnnotatedAPDU {
        guard let answer else {
            return AnnotatedAPDU(
                isCommand: false, head: [], title: bytes.isEmpty ? "no answer" : "no response",
                parts: bytes.isEmpty ? [] : [TracePart(bytes, "unknown bytes")])
        }
        return AnnotatedAPDU(
            isCommand: false, head: answer.status.bytes, title: answer.status.meaning, parts: parts)
    }

    private typealias Described = (title: String, sent: [TracePart], came: [TracePart])

    private mutating func parts(
        _ command: CommandAPDU, _ body: [UInt8], _ isDone: Bool, _ keys: ChannelKeys?
    ) -> Described {
        func named(_ sent: TagNames.Table, _ came: TagNames.Table) -> ([TracePart], [TracePart]) {
            (TagNames.parts(command.data, sent), TagNames.parts(body, came))
        }
        switch (selected, command.ins) {
        case (_, Instruction.select): return select(command, body, isDone)
        case (_, Instruction.controlFlow):
            let (sent, came) = named([:], [:])
            return (Self.controlFlow(command, in: selected), sent, came)
        case (.framework, Instruction.spakeRequest):
            let (sent, came) = named(TagNames.request, TagNames.share)
            return ("SPAKE2+ REQUEST", sent, came)
        case (.framework, Instruction.spakeVerify):
            channel = keys.map { SecureChannel(keys: $0) }
            let (sent, came) = named(TagNames.verify, TagNames.evidence)
            return ("SPAKE2+ VERIFY", sent, came)
        case (.framework, Instruction.writeData): return writeData(command, body, isDone)
        case (.framework, Instruction.getData): return getData(command, body, isDone)
        case (.framework, Instruction.getResponse): return getResponse(command, body)
        case (.applet, Instruction.auth0):
            channel = keys.map { SecureChannel(keys: $0) }
            let (sent, came) = named(TagNames.auth0, TagNames.auth0Answer)
            return (Self.auth0(command), sent, came)
        case (.applet, Instruction.auth1): return auth1(command, body, keys)
        case (.applet, Instruction.exchange): return exchange(command, body, isDone)
        default:
            return (
                "unknown instruction", TagNames.parts(command.data, [:]), TagNames.parts(body, [:])
            )
        }
    }

    private mutating func select(
        _ command: CommandAPDU, _ body: [UInt8], _ isDone: Bool
    ) -> Described {
        let application = ApplicationID(command.data)
        selected = isDone ? application : nil
        if application != .framework { channel = nil }
        let name = TracePart(command.data, "application identifier")
        let table = application == .framework ? TagNames.framework : TagNames.applet
        let title =
            switch application {
            case .framework: "SELECT framework"
            case .applet: "SELECT applet"
            case nil: "SELECT, another application"
            }
        return (title, [name], TagNames.parts(body, table))
    }

    private mutating func auth1(
        _ command: CommandAPDU, _ body: [UInt8], _ keys: ChannelKeys?
    ) -> Described {
        channel = keys.map { SecureChannel(keys: $0, counter: 0) }
        try? channel?.passCommand()
        return (
            "AUTH1", TagNames.parts(command.data, TagNames.auth1),
            clear(body, { try $0.openResponse($1) }) { TagNames.parts($0, TagNames.auth1Answer) }
        )
    }

    /// What `parts` makes of the plain text, or one part that says that it cannot be read.
    mutating func clear(
        _ bytes: [UInt8], _ open: (inout SecureChannel, [UInt8]) throws -> [UInt8],
        _ parts: ([UInt8]) -> [TracePart]
    ) -> [TracePart] {
        guard !bytes.isEmpty else { return [] }
        guard var open_ = channel else {
            return [TracePart(bytes, "protected, no keys in this trace")]
        }
        defer { channel = open_ }
        guard let plain = try? open(&open_, bytes) else {
            return [TracePart(bytes, "protected, does not open")]
        }
        let mac = TracePart(Array(bytes.suffix(8)), "MAC")
        return parts(plain) + [mac]
    }
}

// MARK: - Titles

extension APDUAnnotator {
    private static func auth0(_ command: CommandAPDU) -> String {
        let code = TransactionCode(rawValue: command.p2).map { "\($0)" } ?? "unknown code"
        return "AUTH0: \(command.p1 == 0x01 ? "fast" : "standard"), \(code)"
    }

    private static func controlFlow(_ command: CommandAPDU, in selected: ApplicationID?) -> String {
        if selected == .framework {
            let sentence =
                switch OPControlFlow(p1: command.p1, p2: command.p2) {
                case .abort(let reason): "abort: \(reason.sentence)"
                case .unnamedAbort: "abort"
                case .fieldResetFollows: "field reset follows"
                case .phase2Finished: "phase 2 is complete"
                case nil: "unknown parameters"
                }
            return "OP CONTROL FLOW: \(sentence)"
        }
        let flow = ControlFlow(p1: command.p1, p2: command.p2)
        return "CONTROL FLOW: \(flow?.sentence ?? "unknown parameters")"
    }
}

extension StatusWord {
    /// What it says (PROTOCOL 3.3).
    var meaning: String {
        if hasMoreData { return "more with GET RESPONSE" }
        return switch self {
        case .done: "done"
        case .wrongLength: "wrong length"
        case .notAuthenticated: "not authenticated, or no such key"
        case .conditionsNotMet: "out of order, or conditions not met"
        case .channel: "the protected command does not open"
        case .wrongData: "data refused"
        case .notFound: "not here"
        case .noMemory: "no memory"
        case .wrongEvidence: "scrypt values, evidence or Y refused"
        case .wrongParameters: "P1 or P2 refused"
        case .unknownInstruction: "instruction not known"
        case .wrongClass: "class refused"
        case .notReadyForPairing: "not in pairing mode"
        default: "unknown status"
        }
    }
}
