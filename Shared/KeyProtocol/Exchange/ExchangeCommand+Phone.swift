// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

extension ExchangeCommand {
    /// What the phone's side of the rules depends on.
    public struct Rules: Hashable, Sendable {
        /// Whether the transaction was fast: no confidential mailbox then.
        public var afterFast: Bool
        /// Whether an atomic session is open.
        public var sessionIsOpen: Bool
        /// Bytes of the private mailbox.
        public var privateSize: Int
        /// Bytes of the confidential mailbox.
        public var confidentialSize: Int

        /// The situation of one key.
        public init(
            afterFast: Bool, sessionIsOpen: Bool, privateSize: Int, confidentialSize: Int
        ) {
            self.afterFast = afterFast
            self.sessionIsOpen = sessionIsOpen
            self.privateSize = privateSize
            self.confidentialSize = confidentialSize
        }
    }

    /// Reads and checks a command as the phone must, in the order of PROTOCOL 9.1: top level, open
    /// session, operations with their ranges, size of the response. A value made by this
    /// initializer can be carried out without further checks.
    public init(parsing bytes: [UInt8], rules: Rules) throws(ExchangeStatus) {
        var groups: [(Mailbox, [UInt8])] = []
        self.init()
        var reader = ByteReader(bytes)
        guard !reader.isAtEnd else { throw .malformed }
        while !reader.isAtEnd {
            let isFirst = reader.count == bytes.count
            let object = try Self.next(&reader)
            switch object.tag {
            case 0x8C where isFirst:
                guard object.value.count == 1, let atomic = object.value.first.flatMap(Atomic.init)
                else { throw .malformed }
                self.atomic = atomic
            case 0xBA: groups.append((.privateMailbox, object.value))
            case 0xB9:
                guard !rules.afterFast else { throw .notPermitted }
                groups.append((.confidential, object.value))
            case 0x87, 0x8A, 0x95: groups.append((.privateMailbox, object.encoded))
            case 0xAE:
                guard notification == nil,
                    (1...Limits.notification).contains(object.value.count)
                else { throw .malformed }
                notification = object.value
            default: throw .malformed
            }
        }
        guard !rules.sessionIsOpen || atomic != nil else { throw .sessionBroken }
        for (mailbox, content) in groups { try append(content, in: mailbox, rules) }
        guard responseSize <= Limits.protectedPlaintext else { throw .outOfRange }
    }

    private mutating func append(
        _ content: [UInt8], in mailbox: Mailbox, _ rules: Rules
    ) throws(ExchangeStatus) {
        let size = mailbox == .privateMailbox ? rules.privateSize : rules.confidentialSize
        var reader = ByteReader(content)
        while !reader.isAtEnd {
            let operation = try MailboxOperation(Self.next(&reader))
            guard operation.range.offset + operation.range.count <= size else {
                throw .outOfRange
            }
            operations.append(Placed(mailbox, operation))
        }
    }

    /// Objects are read one by one, so that the first fault in their order decides.
    private static func next(_ reader: inout ByteReader) throws(ExchangeStatus) -> TLV {
        do {
            return try TLV(from: &reader)
        } catch {
            throw .malformed
        }
    }

    private var responseSize: Int {
        operations.reduce(4) { size, placed in
            guard case .read(_, let length) = placed.operation else { return size }
            return size + 2 + Int(length)
        }
    }
}
