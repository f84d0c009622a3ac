// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestKit
import Testing

@testable import PCSC

/// Commands that are longer than the reader takes, through pcscd to a card.
@Suite struct ChainingTests {
    private static let short = ReaderProfile(
        name: "short", maximumCommand: 64, maximumResponse: 258, announcement: nil)
    private static let joining = contactless([0x80, 0x73, 0x00, 0x00, 0x80])
    private static let done: [UInt8] = [0x90, 0x00]

    @Test(arguments: PrivatePCSC.Driver.allCases)
    func `a card that joins parts gets a long command in parts and answers it once`(
        driver: PrivatePCSC.Driver
    ) async throws {
        let command = CommandChainTests.command(200, expected: [0])
        let card = JoiningCard()
        try await withCard(
            driver, { .answer(card.answer(to: $0)) }, profile: Self.short, atr: Self.joining
        ) { channel, _, _ in
            let answer = try await channel.transmit(command, within: .seconds(2))
            #expect(answer == [200, 0x61, 0x20])
            #expect(card.commands == [command])
            #expect(card.parts.count == 4)
            #expect(card.parts.allSatisfy { $0.count <= 64 })
            // What fits is not divided.
            let fitting = CommandChainTests.command(58, expected: [0])
            _ = try await channel.transmit(fitting, within: .seconds(1))
            #expect(card.parts.last == fitting)
        }
    }

    @Test func `a command beyond short APDUs reaches a card behind a short reader`() async throws {
        let card = JoiningCard()
        try await withCard(
            .latchkey, { .answer(card.answer(to: $0)) }, profile: .acr122u, atr: Self.joining
        ) { channel, _, _ in
            _ = try await channel.transmit(CommandChainTests.command(600), within: .seconds(2))
            #expect(card.parts.map(\.count) == [260, 260, 95])
            #expect(card.joined == Array(CommandChainTests.command(600).dropFirst(7)))
        }
    }

    @Test(arguments: [[0x69, 0x83], [0x61, 0x10], [0x68, 0x84], [7, 0x90, 0x00]] as [[UInt8]])
    func `any answer but 9000 to a part is the answer to the command`(refusal: [UInt8])
        async throws
    {
        let parts = Log<[UInt8]>()
        try await withCard(
            .latchkey,
            { part in
                parts.append(part)
                return .answer(parts.values.count == 2 ? refusal : Self.done)
            }, profile: Self.short, atr: Self.joining
        ) { channel, _, _ in
            let command = CommandChainTests.command(200)
            let answer = try await channel.transmit(command, within: .seconds(2))
            #expect(answer == refusal)
            #expect(parts.values.count == 2)
        }
    }

    @Test(arguments: [VirtualCard.atr, contactless([0x80, 0x73, 0x00, 0x00, 0x40])])
    func `nothing of a command that is too long arrives at a card that joins no parts`(
        atr: [UInt8]
    ) async throws {
        let commands = Log<[UInt8]>()
        try await withCard(
            .latchkey,
            { command in
                commands.append(command)
                return .answer(Self.done)
            }, profile: Self.short, atr: atr
        ) { channel, _, _ in
            await #expect(throws: PCSCError.tooLong) {
                _ = try await channel.transmit(CommandChainTests.command(60), within: .seconds(1))
            }
            let fitting = CommandChainTests.command(59)
            let answer = try await channel.transmit(fitting, within: .seconds(1))
            #expect(answer == Self.done)
            #expect(commands.values == [fitting])
        }
    }

    @Test func `the deadline holds for all parts together`() async throws {
        let parts = Log<[UInt8]>()
        try await withCard(
            .latchkey,
            { part in
                parts.append(part)
                usleep(200_000)
                return .answer(Self.done)
            }, profile: Self.short, atr: Self.joining
        ) { channel, _, _ in
            await #expect(throws: PCSCError.timeout) {
                _ = try await channel.transmit(
                    CommandChainTests.command(255), within: .milliseconds(300))
            }
            // The part under way was the last.
            try await Task.sleep(for: .milliseconds(500))
            #expect((1...2).contains(parts.values.count))
        }
    }
}

/// A card that joins the parts of a command.
private final class JoiningCard: Sendable {
    private struct State {
        var parts: [[UInt8]] = []
        var data: [UInt8] = []
        var joined: [UInt8] = []
        var commands: [[UInt8]] = []
    }

    private let state = Mutex(State())

    /// As they came.
    var parts: [[UInt8]] { state.withLock { $0.parts } }
    /// Data of the last command.
    var joined: [UInt8] { state.withLock { $0.joined } }
    /// Whole commands, as short APDUs.
    var commands: [[UInt8]] { state.withLock { $0.commands } }

    /// 9000 while more is to come, then the length of the data with 6120.
    func answer(to part: [UInt8]) -> [UInt8] {
        state.withLock { state in
            state.parts.append(part)
            state.data += part.dropFirst(5).prefix(Int(part[4]))
            guard part[0] & 0x10 == 0 else { return [0x90, 0x00] }
            state.joined = state.data
            state.data = []
            let length = UInt8(truncatingIfNeeded: state.joined.count)
            let rest = part.dropFirst(5 + Int(part[4]))
            state.commands.append(part.prefix(4) + [length] + state.joined + rest)
            return [length, 0x61, 0x20]
        }
    }
}
