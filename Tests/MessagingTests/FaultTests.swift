// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Kafka
import Messaging
import TestKit
import Testing

/// Relay and consumers while the line to the broker breaks; on Tansu, since the development broker
/// does not keep what it acknowledged (decision 0020).
@Suite(.enabled(if: Tansu.canRun("MessagingTests/FaultTests.swift", tests: 2)))
struct FaultTests {
    private let events = Topic.registryEvents.name(in: "testing")
    private let dead = Topic.deadLetters(of: "key-registry", in: "testing")
    private let cars = 1...5 as ClosedRange<UInt8>

    /// Says `versions` of every car at the same time.
    private func say(_ versions: ClosedRange<Int>, on stage: Stage) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in cars {
                let car = try car(number)
                group.addTask { try await stage.say(car, versions) }
            }
            try await group.waitForAll()
        }
    }

    /// Waits until every version of every car was heard, and expects each once and in order.
    private func expectHeard(_ versions: ClosedRange<Int>, on stage: Stage) async throws {
        for number in cars {
            let car = try car(number)
            try await eventually("all of car \(number)", within: .seconds(60)) {
                try await stage.heard(car).count >= versions.count
            }
            #expect(try await stage.heard(car) == Array(versions))
        }
    }

    @Test func `resets and a partition in mid-stream cost nothing, double nothing, keep the order`()
        async throws
    {
        try await Stage.run(on: .tansu) { stage in
            let proxy = try #require(stage.broker.proxy)
            proxy.setLatency(.milliseconds(5))
            let poison = Poison.of(try car(1), on: events)
            let producer = try KafkaProducer(stage.settings.kafka)
            let positions = try await producer.send(poison.map(\.record))
            await producer.close()
            try await running([stage.relay, stage.consumer(), stage.consumer()]) {
                for round in 0..<6 {
                    async let saying: Void = say(round * 20 + 1...round * 20 + 20, on: stage)
                    let before = try await stage.published()
                    try await eventually("progress") { try await stage.published() > before }
                    proxy.reset()
                    try await saying
                }
                proxy.setWeather(.partition)
                try await say(121...130, on: stage)
                // Whoever works now waits for an answer that does not come.
                try await eventually("work under way") { try await stage.unpublished() > 0 }
                proxy.reset()
                proxy.setWeather(.clear)
                try await expectHeard(1...130, on: stage)
                try await eventually { try await stage.unpublished() == 0 }
                let letters = try await stage.records(dead, count: poison.count)
                for position in positions {
                    #expect(letters.contains { $0.isAbout(position) })
                }
                #expect(letters.allSatisfy { letter in positions.contains { letter.isAbout($0) } })
            }
        }
    }

    @Test func `events whose acknowledgement was lost are said again and have one effect`()
        async throws
    {
        try await Stage.run(on: .tansu) { stage in
            let proxy = try #require(stage.broker.proxy)
            let relay = stage.relay
            try await running([relay, stage.consumer()]) {
                try await say(1...5, on: stage)
                try await expectHeard(1...5, on: stage)
                proxy.setWeather(.answersLost)
                try await say(6...10, on: stage)
                try await eventually("records at the broker") { proxy.unansweredProduces > 0 }
                // The relay waits for an answer, loses patience and begins again as somebody else.
                for isWaiting in [true, false] {
                    try await eventually("the end of its patience", within: .seconds(60)) {
                        (relay.stalled > .seconds(5)) == isWaiting
                    }
                }
                #expect(try await stage.unpublished() > 0)
                proxy.setWeather(.clear)
                proxy.reset()
                try await say(11...15, on: stage)
                try await expectHeard(1...15, on: stage)
                try await eventually { try await stage.unpublished() == 0 }
                // 75 events, and some of them twice.
                #expect(try await stage.records(events, count: 76).count > 75)
            }
        }
    }
}
