// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import PKI

extension APDUAnnotator {
    /// Pieces of a batch are counted; the whole is shown where it ends (PROTOCOL 7.3).
    mutating func writeData(
        _ command: CommandAPDU, _ body: [UInt8], _ isDone: Bool
    ) -> (String, [TracePart], [TracePart]) {
        let (before, isLast) = (batch, command.p1 == 0x80)
        var whole = before
        let sent = clear(command.data, { try $0.openCommand($1) }) { plain in
            whole = before + plain
            let range = plain.isEmpty ? "nothing" : "bytes \(before.count + 1) to \(whole.count)"
            let piece = TracePart(plain, "piece of the batch", meaning: range)
            return isLast ? [piece] + Self.batch(whole) : [piece]
        }
        batch = isLast ? [] : whole
        if isLast, let value = try? TLVMap(whole)[0x7F4D] {
            mapping = (try? MailboxMapping(parsing: value)) ?? mapping
        }
        let came = clear(isDone ? body : [], { try $0.openResponse($1) }) { _ in [] }
        return ("WRITE DATA: \(isLast ? "last piece" : "a piece")", sent, came)
    }

    private static func batch(_ bytes: [UInt8]) -> [TracePart] {
        TagNames.parts(bytes, TagNames.batch).map { part in
            var part = part
            switch part.name {
            case "VehicleStatement":
                guard let statement = try? VehicleStatement(parsing: part.value) else { break }
                let size = statement.signature.count
                part.parts = [
                    TracePart(
                        Array(part.value.dropLast(size)), "statement",
                        meaning: "slot id \(statement.slotId), \(statement.time)"),
                    TracePart(Array(part.value.suffix(size)), "signature of the car"),
                ]
            case let name where name.contains("certificate"):
                part.meaning = certificate(part.value)
            default: break
            }
            return part
        }
    }

    static func certificate(_ der: [UInt8]) -> String? {
        (try? KeyCertificate(der: der)).map { "\($0.subjectName), issued by \($0.issuerName)" }
    }

    mutating func getData(
        _ command: CommandAPDU, _ body: [UInt8], _ isDone: Bool
    ) -> (String, [TracePart], [TracePart]) {
        var asked: [UInt8] = []
        let sent = clear(command.data, { try $0.openCommand($1) }) { plain in
            asked = plain
            return [TracePart(plain, TagNames.objects[plain] ?? "unknown object")]
        }
        (wanted, object) = (asked, [])
        let name = TagNames.objects[asked].map { ": \($0)" } ?? ""
        return ("GET DATA\(name)", sent, piece(isDone ? body : []))
    }

    mutating func getResponse(
        _ command: CommandAPDU, _ body: [UInt8]
    ) -> (String, [TracePart], [TracePart]) {
        try? channel?.passCommand()
        return ("GET RESPONSE", TagNames.parts(command.data, [:]), piece(body))
    }

    /// A piece of the object that GET DATA asked for, and what the whole is once it is there.
    private mutating func piece(_ body: [UInt8]) -> [TracePart] {
        let (before, wanted) = (object, wanted)
        var whole = before
        let parts = clear(body, { try $0.openResponse($1) }) { plain in
            whole = before + plain
            if wanted == [0x5F, 0x63] {
                let states: [[UInt8]: String] = [[0]: "pending", [1]: "ready", [2]: "failed"]
                return [TracePart(plain, "state of the new key", meaning: states[plain])]
            }
            return [
                TracePart(
                    plain, TagNames.objects[wanted] ?? "unknown object",
                    meaning: Self.certificate(whole)
                        ?? "bytes \(before.count + 1) to \(whole.count)")
            ]
        }
        object = whole
        return parts
    }
}

// MARK: - EXCHANGE

extension APDUAnnotator {
    mutating func exchange(
        _ command: CommandAPDU, _ body: [UInt8], _ isDone: Bool
    ) -> (String, [TracePart], [TracePart]) {
        let mapping = mapping
        var reads: [(mailbox: Tag, offset: Int, count: Int)] = []
        let sent = clear(command.data, { try $0.openCommand($1) }) { plain in
            guard let objects = try? TLV.list(plain) else { return [TracePart(plain, "no TLV")] }
            return objects.map { object in
                let inside =
                    (object.tag == 0xBA || object.tag == 0xB9) ? try? TLV.list(object.value) : nil
                guard let inside else { return Self.operation(object, 0xBA, mapping, &reads) }
                return TracePart(
                    head: TagNames.head(of: object), object.value,
                    object.tag == 0xBA ? "private mailbox" : "confidential mailbox",
                    parts: inside.map { Self.operation($0, object.tag, mapping, &reads) })
            }
        }
        let came = clear(isDone ? body : [], { try $0.openResponse($1) }) { plain in
            Self.answer(plain, reads, mapping)
        }
        return ("EXCHANGE", sent, came)
    }

    private static func operation(
        _ object: TLV, _ mailbox: Tag, _ mapping: MailboxMapping,
        _ reads: inout [(mailbox: Tag, offset: Int, count: Int)]
    ) -> TracePart {
        let head = TagNames.head(of: object)
        if let operation = try? MailboxOperation(object) {
            let (offset, count) = operation.range
            let field = field(mailbox, offset, count, mapping)
            switch operation {
            case .read:
                reads.append((mailbox, offset, count))
                return TracePart(
                    head: head, object.value, "read \(counted(count)) at \(hex(offset))",
                    meaning: field)
            case .write(_, let data):
                let at = TracePart(Array(object.value.prefix(2)), "offset")
                return TracePart(
                    head: head, object.value, "write",
                    parts: [at] + fields(data, mailbox, offset, mapping))
            case .fill:
                return TracePart(
                    head: head, object.value, "fill \(counted(count)) at \(hex(offset))",
                    meaning: field)
            }
        }
        switch (object.tag, object.value) {
        case (0x8C, [0x01]):
            return TracePart(head: head, [0x01], "atomic", meaning: "more commands follow")
        case (0x8C, [0x00]): return TracePart(head: head, [0x00], "atomic", meaning: "the last one")
        case (0xAE, let value): return TracePart(head: head, value, "notification")
        default: return TracePart(head: head, object.value, "unknown operation")
        }
    }

    private static func hex(_ offset: Int) -> String { UInt16(clamping: offset).bigEndianBytes.hex }

    private static func counted(_ count: Int) -> String { count == 1 ? "1 byte" : "\(count) bytes" }

    private static func answer(
        _ plain: [UInt8], _ reads: [(mailbox: Tag, offset: Int, count: Int)],
        _ mapping: MailboxMapping
    ) -> [TracePart] {
        var rest = plain
        var parts: [TracePart] = []
        for read in reads where rest.count > 4 {
            let size = 2 + read.count
            let data = Array(rest.prefix(size).dropFirst(2))
            parts.append(
                TracePart(
                    Array(rest.prefix(2)), "length of what was read", meaning: "\(read.count)"))
            parts += fields(data, read.mailbox, read.offset, mapping)
            rest = Array(rest.dropFirst(size))
        }
        let status =
            rest.count == 4 && rest.starts(with: [0, 2])
            ? ExchangeStatus(rawValue: rest.suffix(2).reduce(0) { $0 << 8 | UInt16($1) }) : nil
        return parts + [TracePart(rest, "status", meaning: status.map { "\($0)" } ?? "unknown")]
    }
}
