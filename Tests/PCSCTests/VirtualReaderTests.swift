// SPDX-License-Identifier: Apache-2.0

import Foundation
import PCSC
import TestKit
import Testing

/// What our own driver (Tools/VirtualReader) does and vpcd does not.
@Suite struct VirtualReaderTests {
    private static let frame: [UInt8] = [0x6A, 0x02, 0xC3, 0x02, 0x01, 1, 0xFF, 0xF1, 0x12, 0x34]
    private static let select: [UInt8] = [0x00, 0xA4, 0x04, 0x00]

    @Test func `a polling frame is read before the next command and not answered`() async throws {
        let seen = Log<[UInt8]>()
        try await withCard(
            .latchkey,
            { command in
                seen.append(command)
                return .answer([0x90, 0])
            }, announced: { seen.append($0) }
        ) { channel, _, _ in
            #expect(try await channel.announce(Self.frame))
            let answer = try await channel.transmit(Self.select, within: .seconds(1))
            #expect(answer == [0x90, 0])
            #expect(seen.values == [Self.frame, Self.select])
        }
    }

    @Test func `a card that has never heard of polling frames stays in step`() async throws {
        try await withCard(
            .latchkey, { .answer($0 == Self.frame ? [0x6E, 0x00] : $0.suffix(1) + [0x90, 0x00]) }
        ) { channel, _, _ in
            for round in 0..<3 as Range<UInt8> {
                #expect(try await channel.announce(Self.frame))
                let answer = try await channel.transmit(
                    [0, 0xA4, 4, round], within: .seconds(1))
                #expect(answer == [round, 0x90, 0x00])
            }
        }
    }

    @Test(
        arguments: [
            [], [0x6A], [0x00, 0xA4, 0x04, 0x00], [0x04], [0x6A, 0x02],
            [0x6A, 0x01] + [UInt8](repeating: 0, count: 8),
            [0x6A, 0x02] + [UInt8](repeating: 0, count: 9),
            [0x6A, 0x02] + [UInt8](repeating: 0, count: 30),
        ] as [[UInt8]])
    func `only a polling frame is shown to a card`(bytes: [UInt8]) async throws {
        let seen = Log<[UInt8]>()
        try await withCard(
            .latchkey, { _ in .answer([0x90, 0]) }, announced: { seen.append($0) }
        ) { channel, _, _ in
            await #expect(throws: PCSCError.self) { try await channel.announce(bytes) }
            let answer = try await channel.transmit(Self.select, within: .seconds(1))
            #expect(answer == [0x90, 0])
            #expect(seen.values.isEmpty)
        }
    }

    @Test func `a reader that cannot announce is not asked to`() async throws {
        let seen = Log<[UInt8]>()
        for profile in ReaderProfile.all where profile != .virtual {
            try await withCard(
                .latchkey, { _ in .answer([0x90, 0]) }, profile: profile,
                announced: { seen.append($0) }
            ) { channel, _, _ in
                #expect(try await !channel.announce(Self.frame))
                _ = try await channel.transmit(Self.select, within: .seconds(1))
            }
        }
        #expect(seen.values.isEmpty)
    }

    @Test func `a driver without polling frames refuses them and the card goes on`() async throws {
        try await withCard(.vpcd, { _ in .answer([0x90, 0]) }) { channel, _, _ in
            await #expect(throws: PCSCError.self) { try await channel.announce(Self.frame) }
            let answer = try await channel.transmit(Self.select, within: .seconds(1))
            #expect(answer == [0x90, 0])
        }
    }

    @Test func `a card that leaves and one that comes at once are two`() async throws {
        try await PrivatePCSC.withReaders(["Roadster Door"], driver: .latchkey) { service in
            let port = try #require(service.port(of: "Roadster Door"))
            let name = try #require(try await service.fullName(of: "Roadster Door"))
            let events = EventLog()
            let cards = (0..<10).map { number in
                VirtualCard(port: port) { _ in .answer([number, 0x90, 0]) }
            }
            for (number, card) in cards.enumerated() {
                let before = events.count
                try card.insert()
                if number > 0 { cards[number - 1].remove() }
                try await events.expect(.inserted(reader: name), after: before)
                let channel = try await eventually { try await CardChannel.connect(to: name) }
                let answer = try await channel.transmit(Self.select, within: .seconds(1))
                #expect(answer == [UInt8(number), 0x90, 0])
                await channel.disconnect()
            }
            cards.last?.remove()
            try await events.expect(.removed(reader: name))
        }
    }

    @Test func `a card that never answers is put out and the reader goes on`() async throws {
        try await PrivatePCSC.withReaders(["Roadster Door"], driver: .latchkey) { service in
            let port = try #require(service.port(of: "Roadster Door"))
            let name = try #require(try await service.fullName(of: "Roadster Door"))
            let frozen = VirtualCard(port: port) { _ in .freeze }
            try frozen.insert()
            let channel = try await eventually { try await CardChannel.connect(to: name) }
            await #expect(throws: PCSCError.cardGone) {
                _ = try await channel.transmit(Self.select, within: .seconds(20))
            }
            await channel.disconnect()
            let next = VirtualCard(port: port) { _ in .answer([0x90, 0]) }
            try next.insert()
            let again = try await eventually { try await CardChannel.connect(to: name) }
            #expect(try await again.transmit(Self.select, within: .seconds(1)) == [0x90, 0])
            await again.disconnect()
        }
    }

    @Test(
        arguments: [
            [0, 0], [0, 1, 0x90], [0xFF, 0xFF, 0x90, 0x00],
            [0x10, 0x01, 0x90],
            [0, 2, 0x90],
        ] as [[UInt8]])
    func `an answer that is no message is a card that is gone`(bytes: [UInt8]) async throws {
        try await withCard(.latchkey, { _ in .raw(bytes) }) { channel, card, _ in
            let leaving = Task {
                try await Task.sleep(for: .milliseconds(300))
                card.remove()
            }
            await #expect(throws: PCSCError.cardGone) {
                _ = try await channel.transmit(Self.select, within: .seconds(10))
            }
            leaving.cancel()
        }
    }

    @Test func `what a card says unasked is no answer`() async throws {
        let twice: [UInt8] = [0, 2, 0x90, 0x00, 0, 3, 7, 0x90, 0x00]
        try await withCard(.latchkey, { $0 == Self.select ? .raw(twice) : .answer([8, 0x90, 0]) }) {
            channel, _, _ in
            #expect(try await channel.transmit(Self.select, within: .seconds(1)) == [0x90, 0])
            try await Task.sleep(for: .milliseconds(100))
            let answer = try await channel.transmit([0, 0xA4, 4, 1], within: .seconds(1))
            #expect(answer == [8, 0x90, 0])
        }
    }

    @Test func `somebody who only looks whether the port listens is no card`() async throws {
        try await PrivatePCSC.withReaders(["Roadster Door"], driver: .latchkey) { service in
            let port = try #require(service.port(of: "Roadster Door"))
            let name = try #require(try await service.fullName(of: "Roadster Door"))
            for _ in 0..<20 {
                let visitor = VirtualCard(port: port) { _ in .leave }
                try visitor.insert()
                visitor.remove()
            }
            let card = VirtualCard(port: port) { _ in .answer([0x90, 0]) }
            try card.insert()
            let channel = try await eventually { try await CardChannel.connect(to: name) }
            #expect(try await channel.transmit(Self.select, within: .seconds(1)) == [0x90, 0])
            await channel.disconnect()
        }
    }
}
