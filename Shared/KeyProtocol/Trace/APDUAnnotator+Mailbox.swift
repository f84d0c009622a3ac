// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// Bytes of a mailbox by the fields they belong to (PROTOCOL 10.2).
extension APDUAnnotator {
    /// A field of the private mailbox.
    private struct Field {
        let name: String
        let offset: Int
        let end: Int
        var meaning: ([UInt8]) -> String? = { _ in nil }
        /// Whether its first bytes say enough.
        var mayBeCut = false
    }

    private static func layout(_ mapping: MailboxMapping) -> [Field] {
        let (bitmap, list) = (Int(mapping.slotBitmap), Int(mapping.slotList))
        let (area, receipt) = (Int(mapping.oemArea), Int(mapping.receipt))
        let (package, end) = (Int(mapping.package), Int(mapping.contentEnd))
        return [
            Field(name: "signaling bits", offset: 0, end: 1, meaning: TagNames.signaling),
            Field(name: "slot bitmap", offset: bitmap, end: bitmap + 1, meaning: positions),
            Field(name: "slot list", offset: list, end: list + 16, meaning: slots),
            Field(
                name: "maker's area", offset: area, end: receipt, meaning: makersArea,
                mayBeCut: true),
            Field(name: "length of the receipt", offset: receipt, end: receipt + 2),
            Field(name: "receipt", offset: receipt + 2, end: package),
            Field(
                name: "length of the attestation package", offset: package, end: package + 2,
                meaning: TagNames.number),
            Field(name: "attestation package", offset: package + 2, end: end),
        ]
    }

    /// `data` at `offset`, cut where fields begin; tokens are secret.
    static func fields(
        _ data: [UInt8], _ mailbox: Tag, _ offset: Int, _ mapping: MailboxMapping
    ) -> [TracePart] {
        guard mailbox == 0xBA else {
            let size = MailboxLayout.tokenLength
            return stride(from: 0, to: data.count, by: size).map { start in
                TracePart(
                    Array(data.dropFirst(start).prefix(size)),
                    "token of position \((offset + start) / size + 1)", isSecret: true)
            }
        }
        var parts: [TracePart] = []
        var (rest, at) = (data, offset)
        while !rest.isEmpty {
            let field = layout(mapping).first { $0.offset <= at && at < $0.end }
            let next = layout(mapping).map(\.offset).filter { $0 > at }.min()
            let piece = Array(rest.prefix((field?.end ?? next ?? Int.max) - at))
            let isWhole =
                field.map {
                    at == $0.offset && ($0.mayBeCut || $0.end - $0.offset == piece.count)
                } ?? false
            parts.append(
                TracePart(
                    piece, field?.name ?? "bytes outside all fields",
                    meaning: isWhole ? field?.meaning(piece) : nil))
            rest = Array(rest.dropFirst(piece.count))
            at += piece.count
        }
        return parts
    }

    /// The names of the fields a range covers.
    static func field(
        _ mailbox: Tag, _ offset: Int, _ count: Int, _ mapping: MailboxMapping
    ) -> String? {
        guard mailbox == 0xBA else { return "tokens" }
        let names = layout(mapping).filter { $0.offset < offset + count && offset < $0.end }
            .map(\.name)
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }

    private static func positions(_ bytes: [UInt8]) -> String? {
        guard let byte = bytes.first else { return nil }
        let set = (1...8).filter { byte >> ($0 - 1) & 1 == 1 }.map { "\($0)" }
        return set.isEmpty ? "no position is free" : "free: " + set.joined(separator: " ")
    }

    private static func slots(_ bytes: [UInt8]) -> String? {
        stride(from: 0, to: bytes.count, by: 2).map { bytes.dropFirst($0).prefix(2).hex }
            .joined(separator: " ")
    }

    /// The first of its TLVs of one-byte tag and length.
    private static func makersArea(_ bytes: [UInt8]) -> String? {
        guard let tag = bytes.first, let size = bytes.dropFirst().first else { return nil }
        let value = Array(bytes.dropFirst(2).prefix(Int(size)))
        return switch tag {
        case MailboxLayout.retireListTag: "retire " + (slots(value) ?? "")
        case MailboxLayout.messageTag:
            (try? CarMessage(parsing: value)).map { "message: \($0.text)" }
        default: nil
        }
    }
}
