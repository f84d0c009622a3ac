// SPDX-License-Identifier: Apache-2.0

/// What a card says of itself when it gets power (ISO 7816-3, 8).
///
/// `TS T0 {TAi TBi TCi TDi}* historical bytes TCK`. The high half of T0 and of each TDi tells which of
/// the next four bytes are there, the low half of T0 how many historical bytes.
struct AnswerToReset {
    /// The longest there is, in bytes.
    static let limit = 33
    /// The bytes a card is free to say; readers put those of a contactless card here (PC/SC part 3).
    let historicalBytes: [UInt8]

    /// None unless `bytes` are an answer to reset from the first byte to the last.
    init?(_ bytes: [UInt8]) {
        var rest = bytes.dropFirst()
        guard bytes.count <= Self.limit, let first = bytes.first, [0x3B, 0x3F].contains(first),
            let format = rest.popFirst()
        else { return nil }
        var present = format
        var hasCheckByte = false
        while true {
            let skipped = (present & 0x70).nonzeroBitCount
            guard rest.count >= skipped else { return nil }
            rest = rest.dropFirst(skipped)
            guard present & 0x80 != 0 else { break }
            guard let next = rest.popFirst() else { return nil }
            // Only a card that knows nothing but T=0 leaves TCK out.
            if next & 0x0F != 0 { hasCheckByte = true }
            present = next
        }
        let count = Int(format & 0x0F)
        guard rest.count == count + (hasCheckByte ? 1 : 0) else { return nil }
        guard !hasCheckByte || bytes.dropFirst().reduce(0, ^) == 0 else { return nil }
        historicalBytes = Array(rest.prefix(count))
    }

    /// Whether the card joins the parts of a chained command: bit 8 of the third byte of its card
    /// capabilities (ISO 7816-4, historical bytes).
    ///
    /// Those are compact-TLV, tag 7 of three bytes, and the third is left out by some cards. The last
    /// three bytes of category 00 are a status; category 80 has its status, if any, in an object.
    var announcesChaining: Bool {
        var objects = historicalBytes.dropFirst()
        switch historicalBytes.first {
        case 0x00: objects = objects.dropLast(3)
        case 0x80: break
        default: return false
        }
        while let head = objects.popFirst() {
            let value = objects.prefix(Int(head & 0x0F))
            objects = objects.dropFirst(value.count)
            if head == 0x73, value.count == 3, let functions = value.last {
                return functions & 0x80 != 0
            }
        }
        return false
    }
}
