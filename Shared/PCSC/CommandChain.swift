// SPDX-License-Identifier: Apache-2.0

/// Command chaining (ISO 7816-4): a command in parts, for a reader that takes only short ones.
enum CommandChain {
    /// The bit of the class that says that more parts follow.
    static let moreFollows: UInt8 = 0x10

    /// `command` in parts of at most `limit` bytes, short APDUs all of them; none when it has no data
    /// to divide. Only the last has Le.
    static func parts(of command: [UInt8], limit: Int) -> [[UInt8]]? {
        guard let (data, expected) = content(of: command) else { return nil }
        let size = min(255, limit - 5 - expected.count)
        guard size > 0 else { return nil }
        return stride(from: data.startIndex, to: data.endIndex, by: size).map { start in
            let piece = data[start...].prefix(size)
            let isLast = piece.endIndex == data.endIndex
            let head = [isLast ? command[0] : command[0] | moreFollows] + command[1..<4]
            return head + [UInt8(piece.count)] + piece + (isLast ? expected : [])
        }
    }

    /// Data of a command, short or extended, and its Le as a short one writes it.
    private static func content(
        of command: [UInt8]
    ) -> (data: ArraySlice<UInt8>, expected: [UInt8])? {
        // Class FF speaks to the reader, not to the card.
        guard command.count > 5, command[0] != 0xFF else { return nil }
        let isExtended = command[4] == 0 && command.count > 7
        let count = isExtended ? Int(command[5]) << 8 | Int(command[6]) : Int(command[4])
        let rest = command.dropFirst(isExtended ? 7 : 5)
        let (data, expected) = (rest.prefix(count), rest.dropFirst(count))
        guard !data.isEmpty, data.count == count else { return nil }
        switch (expected.count, isExtended) {
        case (0, _), (1, false): return (data, Array(expected))
        // 256 and more are 00 in a short one; the card says with 61xx that there is a rest.
        case (2, true): return (data, expected.first == 0 ? Array(expected.suffix(1)) : [0])
        default: return nil
        }
    }
}
