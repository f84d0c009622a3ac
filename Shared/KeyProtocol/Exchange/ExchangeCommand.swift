// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// The clear text of an EXCHANGE (PROTOCOL 9.1).
///
/// ```text
/// [8C 01 xx]                                   first: 01 more commands follow, 00 last
/// BA n { operations }                          on the private mailbox
/// B9 n { operations }                          on the confidential mailbox
/// operation                                    bare = private
/// AE n notification                            1...16 bytes for the OS side
///
/// operation   87 04 offset(2) length(2)        read
///             8A n  offset(2) data             write
///             95 05 offset(2) length(2) fill   set
/// ```
public struct ExchangeCommand: Hashable, Sendable {
    /// What 8C says; none without 8C.
    public var atomic: Atomic?
    /// In the order of the wire.
    public var operations: [Placed]
    /// AE.
    public var notification: [UInt8]?

    /// 8C.
    public enum Atomic: UInt8, Sendable {
        case last = 0x00
        case more = 0x01
    }

    /// Which of the two memories of a key.
    public enum Mailbox: Hashable, Sendable {
        case privateMailbox
        case confidential
    }

    /// An operation and where it happens.
    public struct Placed: Hashable, Sendable {
        public var mailbox: Mailbox
        public var operation: MailboxOperation

        /// `operation` on `mailbox`.
        public init(_ mailbox: Mailbox, _ operation: MailboxOperation) {
            self.mailbox = mailbox
            self.operation = operation
        }
    }

    /// A command of the car.
    public init(
        atomic: Atomic? = nil, _ operations: [Placed] = [], notification: [UInt8]? = nil
    ) {
        self.atomic = atomic
        self.operations = operations
        self.notification = notification
    }

    /// The clear text; neighbours on one mailbox share a container.
    public var encoded: [UInt8] {
        var objects: [TLV] = []
        if let atomic { objects.append(TLV(0x8C, [atomic.rawValue])) }
        var rest = operations[...]
        while let mailbox = rest.first?.mailbox {
            let run = rest.prefix { $0.mailbox == mailbox }
            rest = rest.dropFirst(run.count)
            let tag: Tag = mailbox == .privateMailbox ? 0xBA : 0xB9
            objects.append(TLV(tag, run.map(\.operation.object)))
        }
        if let notification { objects.append(TLV(0xAE, notification)) }
        return objects.encoded
    }
}

/// One operation on a mailbox (PROTOCOL 9.1).
public enum MailboxOperation: Hashable, Sendable {
    /// 87.
    case read(offset: UInt16, length: UInt16)
    /// 8A; at least one byte.
    case write(offset: UInt16, data: [UInt8])
    /// 95.
    case fill(offset: UInt16, length: UInt16, byte: UInt8)

    /// The object on the wire.
    public var object: TLV {
        switch self {
        case .read(let offset, let length):
            TLV(0x87, offset.bigEndianBytes + length.bigEndianBytes)
        case .write(let offset, let data):
            TLV(0x8A, offset.bigEndianBytes + data)
        case .fill(let offset, let length, let byte):
            TLV(0x95, offset.bigEndianBytes + length.bigEndianBytes + [byte])
        }
    }

    /// Offset of the first byte and number of bytes.
    public var range: (offset: Int, count: Int) {
        switch self {
        case .read(let offset, let length), .fill(let offset, let length, _):
            (Int(offset), Int(length))
        case .write(let offset, let data):
            (Int(offset), data.count)
        }
    }

    /// Reads one object; everything unknown, misplaced or of wrong length is `malformed`.
    init(_ object: TLV) throws(ExchangeStatus) {
        do throws(ByteError) {
            var reader = ByteReader(object.value)
            let offset = try reader.readInteger(UInt16.self)
            switch object.tag {
            case 0x87: self = .read(offset: offset, length: try reader.readInteger())
            case 0x8A: self = .write(offset: offset, data: reader.readRest())
            case 0x95:
                self = .fill(
                    offset: offset, length: try reader.readInteger(),
                    byte: try reader.readByte())
            default: throw ByteError.trailing(0)
            }
            try reader.expectEnd()
        } catch {
            throw .malformed
        }
        guard range.count >= 1 else { throw .malformed }
    }
}
