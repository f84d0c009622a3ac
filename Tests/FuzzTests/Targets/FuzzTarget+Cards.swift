// SPDX-License-Identifier: Apache-2.0

import Identifiers

@testable import PCSC

/// What a card says of itself at a reader, and commands that are too long for the reader.
extension FuzzTarget {
    static let cards = [
        FuzzTarget("atr", answerToReset),
        FuzzTarget("command-chain", commandChain),
    ]

    @Sendable private static func answerToReset(_ bytes: [UInt8]) throws {
        guard let answer = AnswerToReset(bytes) else { return }
        let said = answer.historicalBytes
        try require(said.count == Int(bytes[1] & 0x0F), "more or less than T0 says")
        try require(
            bytes.suffix(said.count) == said[...]
                || bytes.dropLast().suffix(said.count) == said[...],
            "historical bytes from the middle")
        guard answer.announcesChaining else { return }
        let objects = said.indices.dropFirst().dropLast(3)
        try require(
            [0x00, 0x80].contains(said.first), "capabilities in a category without objects")
        try require(
            objects.contains { said[$0] == 0x73 && said[$0 + 3] >= 0x80 },
            "chaining that nobody announced")
    }

    /// `limit(1) ‖ command`.
    @Sendable private static func commandChain(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let limit = Int(input.byte())
        let command = input.rest()
        guard let parts = CommandChain.parts(of: command, limit: limit) else { return }
        var joined: [UInt8] = []
        for (number, part) in parts.enumerated() {
            let isLast = number + 1 == parts.count
            // Le, where there is one, may ask for less than the 00 of our own commands.
            let data = part.dropFirst(5).prefix(Int(part[4]))
            try require(!data.isEmpty && data.count == part[4], "a part is no short APDU")
            try require(part.count <= limit, "a part that is too long")
            try require(part[0] == command[0] | (isLast ? 0 : 0x10), "another class")
            try require(part[1..<4] == command[1..<4], "another command")
            try require(part.count <= 5 + data.count + (isLast ? 1 : 0), "Le before the last part")
            joined += data
        }
        let start = command.dropFirst(command[4] == 0 ? 7 : 5)
        try require(start.starts(with: joined), "the parts are not the whole")
        try require(start.count <= joined.count + 2, "data is left out")
    }
}
