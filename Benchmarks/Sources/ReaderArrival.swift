// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyProtocol
import PCSC
import VirtualPhone

/// From a phone coming into the field to the car's decision, as the gateway does it: told by the
/// monitor, it opens a channel, announces the reader and runs a fast transaction.
struct ReaderArrival {
    /// To the decision.
    var decision = Samples()
    /// The part until the monitor has told of the phone.
    var notice = Samples()

    init(_ scene: Scene, on reader: VirtualReader, rounds: Int) async throws {
        let (car, owner) = try scene.paired()
        let frame = PollingFrame(
            of: TerminalID(.forTests, at: .door), in: car.identity.vehicleId
        ).encoded
        var events = CardReaders().events().makeAsyncIterator()
        try await Self.wait(for: .readersChanged([reader.name]), among: &events)
        for round in -rounds / 10..<rounds {
            let phone = Held(owner)
            let start = ContinuousClock.now
            let card = try CardInField(port: reader.port, phone.role)
            try await Self.wait(for: .inserted(reader: reader.name), among: &events)
            let noticed = ContinuousClock.now
            let channel = try await CardChannel.connect(to: reader.name, profile: .virtual)
            try await channel.announce(frame)
            try await Self.decide(car, on: channel)
            let decided = ContinuousClock.now
            await channel.disconnect()
            card.leave()
            try await Self.wait(for: .removed(reader: reader.name), among: &events)
            guard round >= 0 else { continue }  // warming up
            notice.add(noticed - start)
            decision.add(decided - start)
        }
    }

    var figures: [Figure] {
        [
            Figure(
                name: "insertion to decision, event-driven reader",
                measured: decision.median / 1000, goal: 20, unit: "ms")
        ]
    }

    private static func decide(_ car: VehicleRecord, on channel: CardChannel) async throws {
        var session = ReaderSession(
            record: car, purpose: .transaction(.unlock), random: .system)
        var step = session.start(at: Scene.now)
        while case .transmit(let command) = step.next {
            let answer = try await channel.transmit(command, within: .seconds(5))
            step = session.received(answer, at: Scene.now)
        }
        guard case .finish(let outcome) = step.next else {
            throw BenchmarkError("a tap asked for more than commands")
        }
        try outcome.expect(.fast)
    }

    /// Skips what happened before, and at other readers.
    private static func wait(
        for event: CardReaderEvent, among events: inout AsyncStream<CardReaderEvent>.Iterator
    ) async throws {
        while let next = await events.next(isolation: #isolation) {
            if next == event { return }
            if case (.readersChanged, .readersChanged) = (next, event) { return }
        }
        throw BenchmarkError("the monitor ended")
    }
}
