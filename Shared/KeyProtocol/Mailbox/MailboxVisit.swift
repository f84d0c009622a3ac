// SPDX-License-Identifier: Apache-2.0

/// One errand in the mailboxes of the key on the reader: a small machine that asks for EXCHANGE
/// commands and changes the record. Whatever it changes is stored before its next command leaves.
protocol MailboxVisit: Sendable {
    /// What to do after `answer`, which has status 0000; none at the start.
    mutating func next(_ answer: ExchangeResponse?, _ car: inout Car) -> VisitStep
}

/// What an errand wants next.
enum VisitStep {
    case exchange(ExchangeCommand)
    /// Done; the signaling bits as the errand left them, when it read them.
    case done(SignalingBits?)
    /// With a sentence where that of the hint says too little.
    case refuse(ControlFlow.Hint, String? = nil)
}

extension ExchangeCommand.Placed {
    static func read(_ offset: UInt16, _ length: Int) -> Self {
        Self(.privateMailbox, .read(offset: offset, length: UInt16(clamping: length)))
    }

    static func write(_ offset: UInt16, _ data: [UInt8]) -> Self {
        Self(.privateMailbox, .write(offset: offset, data: data))
    }

    static func zeros(_ offset: UInt16, _ length: Int) -> Self {
        Self(.privateMailbox, .fill(offset: offset, length: UInt16(clamping: length), byte: 0))
    }

    static func token(_ data: [UInt8], position: UInt8) -> Self {
        Self(
            .confidential, .write(offset: MailboxLayout.tokenOffset(position: position), data: data)
        )
    }
}

/// Reads the signaling bits of a key that does not tell them in AUTH1 (PROTOCOL 10.4).
///
/// ```text
/// BA { 87 signaling 0001 }
/// ```
struct SignalingVisit: MailboxVisit {
    mutating func next(_ answer: ExchangeResponse?, _ car: inout Car) -> VisitStep {
        guard let answer else {
            return .exchange(ExchangeCommand(nil, [.read(car.mapping.signaling, 1)]))
        }
        return .done(SignalingBits(rawValue: answer.reads.first?.first ?? 0))
    }
}

/// Reads an object of the private mailbox whose first two bytes are its length (PROTOCOL 10.2).
///
/// ```text
/// length(2) ‖ DER, read in pieces of at most 224 bytes
/// ```
struct LengthPrefixedRead {
    private let offset: UInt16
    private let areaSize: Int
    private var total: Int?
    private(set) var content: [UInt8] = []

    /// What the next piece of the read came to.
    enum Progress {
        case read(ExchangeCommand.Placed)
        case complete([UInt8])
        /// Length 0, or more than the area holds.
        case nothing
    }

    init(offset: UInt16, areaSize: Int) {
        self.offset = offset
        self.areaSize = areaSize
    }

    /// The first read: the length.
    var start: ExchangeCommand.Placed { .read(offset, 2) }

    /// Takes the bytes of the last read.
    mutating func next(_ bytes: [UInt8]) -> Progress {
        if total == nil {
            let length = bytes.reduce(0) { $0 << 8 | Int($1) }
            guard length > 0, length <= areaSize - 2 else { return .nothing }
            total = length
        } else {
            content += bytes
        }
        let left = (total ?? 0) - content.count
        guard left > 0 else { return .complete(content) }
        let position = Int(offset) + 2 + content.count
        return .read(.read(UInt16(clamping: position), min(left, Limits.mailboxRead)))
    }
}
