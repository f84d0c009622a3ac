// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import PCSC

@Suite struct CommandChainTests {
    private static let data: [UInt8] = (0..<600).map { UInt8(truncatingIfNeeded: $0) }

    /// A command with `count` bytes of data, extended where it has to be.
    static func command(_ count: Int, expected: [UInt8] = []) -> [UInt8] {
        let length = count < 256 ? [UInt8(count)] : [0, UInt8(count >> 8), UInt8(count & 0xFF)]
        return [0x84, 0xC9, 0x01, 0x02] + length + data.prefix(count) + expected
    }

    @Test(
        arguments: [
            // Short, with and without Le: one byte below and above what fits.
            (200, [], 100, [95, 95, 10]), (190, [], 100, [95, 95]), (191, [], 100, [95, 95, 1]),
            (188, [0], 100, [94, 94]), (189, [0], 100, [94, 94, 1]),
            (3, [], 6, [1, 1, 1]), (2, [0], 7, [1, 1]), (1, [], 6, [1]),
            // Extended: parts are short, however much the reader takes.
            (256, [], 261, [255, 1]), (510, [], 261, [255, 255]),
            (511, [0, 0], 261, [255, 255, 1]),
            (600, [0, 0], 520, [255, 255, 90]), (600, [], 260, [255, 255, 90]),
            (600, [0, 0], 260, [254, 254, 92]),
        ] as [(Int, [UInt8], Int, [Int])])
    func `a command is divided where the reader's limit is`(
        count: Int, expected: [UInt8], limit: Int, sizes: [Int]
    ) throws {
        let command = Self.command(count, expected: expected)
        let parts = try #require(CommandChain.parts(of: command, limit: limit))
        #expect(parts.map { Int($0[4]) } == sizes)
        let joined = parts.flatMap { $0.dropFirst(5).prefix(Int($0[4])) }
        #expect(joined == Array(Self.data.prefix(count)))
        #expect(parts.allSatisfy { $0.count <= limit })
        #expect(parts.allSatisfy { $0[1..<4] == [0xC9, 0x01, 0x02] })
        #expect(parts.map { $0[0] } == parts.indices.map { $0 + 1 < parts.count ? 0x94 : 0x84 })
        let tails = parts.map { Array($0.dropFirst(5 + Int($0[4]))) }
        #expect(tails.last == (expected.isEmpty ? [] : [0]))
        #expect(tails.dropLast().allSatisfy { $0.isEmpty })
    }

    @Test(
        arguments: [
            ([0x00, 0x00], 0x00), ([0x01, 0x00], 0x00), ([0x12, 0x34], 0x00), ([0x00, 0x01], 0x01),
            ([0x00, 0xFF], 0xFF),
        ] as [([UInt8], UInt8)])
    func `an extended Le becomes a short one`(extended: [UInt8], short: UInt8) throws {
        let command = Self.command(300, expected: extended)
        let parts = try #require(CommandChain.parts(of: command, limit: 261))
        #expect(parts.last?.last == short)
    }

    @Test(
        arguments: [
            // No data, no APDU, data that is not as long as it says.
            [], [0x84], [0x84, 0xC9, 0, 0], [0x84, 0xC9, 0, 0, 0], [0x84, 0xC9, 0, 0, 0, 1],
            [0x84, 0xC9, 0, 0, 0, 0, 0], [0x84, 0xC9, 0, 0, 0, 0, 0, 0, 0],
            [0x84, 0xC9, 0, 0, 2, 1], [0x84, 0xC9, 0, 0, 2, 1, 2, 0, 0],
            [0x84, 0xC9, 0, 0, 0, 0, 2, 1], [0x84, 0xC9, 0, 0, 0, 0, 2, 1, 2, 0],
            [0x84, 0xC9, 0, 0, 0, 0, 2, 1, 2, 0, 0, 0],
            // For the reader itself.
            [0xFF, 0x00, 0, 0, 3, 1, 2, 3],
        ] as [[UInt8]])
    func `what has no data to divide has no parts`(command: [UInt8]) {
        #expect(CommandChain.parts(of: command, limit: 6) == nil)
    }

    @Test(arguments: [5, 4, 0, -1, .min + 6])
    func `a limit that leaves no room for data has no parts`(limit: Int) {
        #expect(CommandChain.parts(of: Self.command(200), limit: limit) == nil)
    }
}
