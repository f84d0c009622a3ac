// SPDX-License-Identifier: Apache-2.0

import Foundation
import PCSC
import TestKit
import Testing

@Suite struct CardChannelTests {
    @Test(arguments: PrivatePCSC.Driver.allCases)
    func `an inserted card is seen, answers and is seen leaving`(
        driver: PrivatePCSC.Driver
    ) async throws {
        try await PrivatePCSC.withReaders(["Roadster Door"], driver: driver) { service in
            let port = try #require(service.port(of: "Roadster Door"))
            let name = try #require(try await service.fullName(of: "Roadster Door"))
            let events = EventLog()
            let card = VirtualCard(port: port) { .answer($0.suffix(1) + [0x90, 0x00]) }
            try card.insert()
            try await events.expect(.inserted(reader: name))
            let channel = try await CardChannel.connect(to: name, profile: .virtual)
            #expect(channel.atr == VirtualCard.atr)
            var isUsed = false
            let answer = try await channel.transmit([0, 0xA4, 4, 7], within: .seconds(1)) {
                isUsed = true
            }
            #expect(answer == [7, 0x90, 0x00])
            #expect(isUsed, "the time until the answer was not used")
            await channel.disconnect()
            card.remove()
            try await events.expect(.removed(reader: name))
        }
    }

    @Test(arguments: PrivatePCSC.Driver.allCases)
    func `a round trip over the virtual reader takes a few milliseconds`(
        driver: PrivatePCSC.Driver
    ) async throws {
        try await withCard(driver, { _ in .answer([0x90, 0]) }) { channel, _, _ in
            let clock = ContinuousClock()
            let spent = try await clock.measure {
                for _ in 0..<50 {
                    _ = try await channel.transmit([0, 0xA4, 4, 0], within: .seconds(1))
                }
            }
            #expect(spent < .seconds(1), "50 commands took \(spent)")
        }
    }

    @Test(arguments: PrivatePCSC.Driver.allCases)
    func `a field reset switches the card off and on`(
        driver: PrivatePCSC.Driver
    ) async throws {
        let powers = Log<VirtualCard.Power>()
        try await withCard(driver, { _ in .answer([0x90, 0]) }, power: { powers.append($0) }) {
            channel, _, _ in
            let before = powers.values.count
            try await channel.resetField()
            #expect(powers.values.dropFirst(before).contains(.off))
            let answer = try await channel.transmit([0, 0xA4, 4, 0], within: .seconds(1))
            #expect(answer == [0x90, 0])
        }
    }

    @Test(
        arguments: [
            VirtualCard.Reply.tear([1, 2, 3, 0x90, 0], after: 2), .leave,
            .tear([1, 2, 0x90, 0], after: 0),
        ], PrivatePCSC.Driver.allCases)
    func `an answer torn by leaving the field is a card that is gone`(
        reply: VirtualCard.Reply, driver: PrivatePCSC.Driver
    ) async throws {
        try await withCard(driver, { _ in reply }) { channel, _, _ in
            await #expect(throws: PCSCError.cardGone) {
                _ = try await channel.transmit([0, 0xA4, 4, 0], within: .seconds(2))
            }
        }
    }

    @Test(arguments: PrivatePCSC.Driver.allCases)
    func `a frozen card costs its deadline and not the reader`(
        driver: PrivatePCSC.Driver
    ) async throws {
        let isFrozen = Flag(true)
        try await withCard(driver, { _ in isFrozen.value ? .freeze : .answer([0x90, 0]) }) {
            channel, card, name in
            let clock = ContinuousClock()
            let spent = await clock.measure {
                await #expect(throws: PCSCError.timeout) {
                    _ = try await channel.transmit([0, 0xA4, 4, 0], within: .milliseconds(300))
                }
            }
            #expect(spent < .seconds(2))
            await #expect(throws: PCSCError.closed) {
                _ = try await channel.transmit([0, 0xA4, 4, 0], within: .seconds(1))
            }
            card.remove()
            isFrozen.value = false
            try await Task.sleep(for: .milliseconds(600))
            try card.insert()
            let again = try await eventually { try await CardChannel.connect(to: name) }
            let answer = try await again.transmit([0, 0xA4, 4, 0], within: .seconds(1))
            #expect(answer == [0x90, 0])
        }
    }

    @Test(arguments: PrivatePCSC.Driver.allCases)
    func `commands that are no short APDU are not sent`(
        driver: PrivatePCSC.Driver
    ) async throws {
        try await withCard(driver, { _ in .answer([0x90, 0]) }) { channel, _, _ in
            for command in [[], [0, 1, 2], [UInt8](repeating: 0, count: 262)] {
                await #expect(throws: PCSCError.tooLong) {
                    _ = try await channel.transmit(command, within: .seconds(1))
                }
            }
        }
    }

    @Test(arguments: PrivatePCSC.Driver.allCases)
    func `an answer of one byte is a card that is gone`(
        driver: PrivatePCSC.Driver
    ) async throws {
        try await withCard(driver, { _ in .raw([0, 1, 0x90]) }) { channel, _, _ in
            await #expect(throws: PCSCError.cardGone) {
                _ = try await channel.transmit([0, 0xA4, 4, 0], within: .seconds(1))
            }
        }
    }

    @Test(arguments: PrivatePCSC.Driver.allCases)
    func `an empty reader and an unknown reader are told apart`(
        driver: PrivatePCSC.Driver
    ) async throws {
        try await PrivatePCSC.withReaders(["Roadster Door"], driver: driver) { service in
            let name = try #require(try await service.fullName(of: "Roadster Door"))
            await #expect(throws: PCSCError.cardGone) {
                _ = try await CardChannel.connect(to: name)
            }
            await #expect(throws: PCSCError.readerGone) {
                _ = try await CardChannel.connect(to: "Nobody 00 00")
            }
        }
    }

    @Test(arguments: PrivatePCSC.Driver.allCases)
    func `a card in use is busy for others`(
        driver: PrivatePCSC.Driver
    ) async throws {
        try await withCard(driver, { _ in .answer([0x90, 0]) }) { _, _, name in
            await #expect(throws: PCSCError.busy) {
                _ = try await CardChannel.connect(to: name)
            }
        }
    }
}

@Suite struct ServiceFaultTests {
    @Test(arguments: PrivatePCSC.Driver.allCases)
    func `a killed service is noticed and found again`(
        driver: PrivatePCSC.Driver
    ) async throws {
        try await PrivatePCSC.withReaders(
            ["Roadster Door", "Roadster Dash"], driver: driver
        ) { service in
            let port = try #require(service.port(of: "Roadster Dash"))
            let name = try #require(try await service.fullName(of: "Roadster Dash"))
            let events = EventLog()
            let card = VirtualCard(port: port) { _ in .answer([0x90, 0]) }
            try card.insert()
            try await events.expect(.inserted(reader: name))
            let channel = try await CardChannel.connect(to: name)
            service.kill()
            await #expect(throws: PCSCError.serviceGone) {
                _ = try await channel.transmit([0, 0xA4, 4, 0], within: .seconds(1))
            }
            try await events.expect(.serviceGone)
            await #expect(throws: PCSCError.serviceGone) {
                _ = try await CardChannel.connect(to: name)
            }
            card.remove()
            let seen = events.count
            try await service.start()
            try card.insert()
            try await events.expect(.inserted(reader: name), after: seen)
            let again = try await CardChannel.connect(to: name)
            #expect(try await again.transmit([0, 0xA4, 4, 0], within: .seconds(1)) == [0x90, 0])
        }
    }

    @Test(arguments: PrivatePCSC.Driver.allCases)
    func `two cards in two slots work at once`(
        driver: PrivatePCSC.Driver
    ) async throws {
        try await PrivatePCSC.withReaders(["Roadster Door"], driver: driver) { service in
            var cards: [VirtualCard] = []
            for slot in 0..<2 {
                let port = try #require(service.port(of: "Roadster Door", slot: UInt16(slot)))
                let card = VirtualCard(port: port) { _ in .answer([UInt8(slot), 0x90, 0]) }
                try card.insert()
                cards.append(card)
            }
            let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for slot in 0..<2 {
                    group.addTask {
                        let name = try #require(
                            try await service.fullName(of: "Roadster Door", slot: slot))
                        let channel = try await eventually {
                            try await CardChannel.connect(to: name)
                        }
                        return try await channel.transmit([0, 0xA4, 4, 0], within: .seconds(1))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.map { $0[0] }.sorted() == [0, 1])
            withExtendedLifetime(cards) {}
        }
    }
}

// MARK: - What these tests share

func withCard(
    _ driver: PrivatePCSC.Driver,
    _ respond: @escaping @Sendable ([UInt8]) -> VirtualCard.Reply,
    profile: ReaderProfile = .virtual, atr: [UInt8] = VirtualCard.atr,
    power: @escaping @Sendable (VirtualCard.Power) -> Void = { _ in },
    announced: (@Sendable ([UInt8]) -> Void)? = nil,
    _ body: (CardChannel, VirtualCard, String) async throws -> Void
) async throws {
    try await PrivatePCSC.withReaders(["Roadster Door"], driver: driver) { service in
        let port = try #require(service.port(of: "Roadster Door"))
        let name = try #require(try await service.fullName(of: "Roadster Door"))
        let card = VirtualCard(
            port: port, atr: atr, power: power, announced: announced, respond: respond)
        try card.insert()
        let channel = try await eventually {
            try await CardChannel.connect(to: name, profile: profile)
        }
        try await body(channel, card, name)
        await channel.disconnect()
    }
}

/// Tries `body` until it does not throw, for five seconds.
func eventually<Value>(_ body: () async throws -> Value) async throws -> Value {
    for _ in 0..<50 {
        if let value = try? await body() { return value }
        try await Task.sleep(for: .milliseconds(100))
    }
    return try await body()
}

/// Values that another thread collects.
final class Log<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: [Value] = []
    var values: [Value] { lock.withLock { stored } }
    func append(_ value: Value) { lock.withLock { stored.append(value) } }
}

final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: Bool
    init(_ value: Bool) { stored = value }
    var value: Bool {
        get { lock.withLock { stored } }
        set { lock.withLock { stored = newValue } }
    }
}

/// Everything the monitor said since this was made.
final class EventLog: Sendable {
    private let log = Log<CardReaderEvent>()
    private let task: Task<Void, Never>

    init() {
        task = Task { [log] in
            for await event in CardReaders().events() { log.append(event) }
        }
    }

    deinit { task.cancel() }

    var count: Int { log.values.count }

    func expect(_ event: CardReaderEvent, after first: Int = 0) async throws {
        for _ in 0..<250 {
            if log.values.dropFirst(first).contains(event) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("no \(event) among \(log.values)")
    }
}
