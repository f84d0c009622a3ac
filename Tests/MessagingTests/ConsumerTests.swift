// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Kafka
import Messaging
import Postgres
import Synchronization
import TestKit
import Testing

@Suite struct ConsumerTests {
    private struct Refusal: Error {}
    private let events = Topic.registryEvents.name(in: "testing")
    private let dead = Topic.deadLetters(of: "key-registry", in: "testing")

    @Test(arguments: BrokerKind.all())
    func `events of one car have their effect once and in order`(on kind: BrokerKind) async throws {
        try await Stage.run(on: kind) { stage in
            try await running([stage.relay, stage.consumer(), stage.consumer()]) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 1...5 {
                        let car = try car(UInt8(number))
                        group.addTask { try await stage.say(car, 1...20) }
                    }
                    try await group.waitForAll()
                }
                for number in 1...5 {
                    let car = try car(UInt8(number))
                    try await stage.hears(car, Array(1...20))
                }
            }
        }
    }

    @Test(arguments: BrokerKind.all())
    func `a record that comes twice has one effect`(on kind: BrokerKind) async throws {
        try await Stage.run(on: kind) { stage in
            let (roadster, publisher) = (try car(1), stage.publisher)
            try await running([stage.consumer()]) {
                for _ in 0..<3 {
                    try await publisher.publish(
                        DocumentConfirmed(vehicleId: roadster, version: 1), id: "same",
                        time: "2026-01-31T12:00:00Z")
                }
                try await publisher.publish(
                    DocumentConfirmed(vehicleId: roadster, version: 2), id: "other",
                    time: "2026-01-31T12:00:00Z")
                try await eventually { try await stage.heard(roadster).contains(2) }
                #expect(try await stage.heard(roadster) == [1, 2])
            }
            await publisher.close()
        }
    }

    @Test(arguments: BrokerKind.all())
    func `poison goes to the dead letters with its origin, and reading goes on`(on kind: BrokerKind)
        async throws
    {
        try await Stage.run(on: kind) { stage in
            let roadster = try car(1)
            let bad = Poison.of(roadster, on: events)
            let producer = try KafkaProducer(stage.settings.kafka)
            let positions = try await producer.send(bad.map(\.record))
            await producer.close()
            let publisher = stage.publisher
            // Known, but of no interest here: neither heard nor dead.
            try await publisher.publish(
                PairingFinished(
                    vehicleId: roadster, keyId: try KeyID([UInt8](repeating: 1, count: 20))),
                id: "1", time: "2026-01-31T12:00:00Z")
            try await publisher.publish(
                DocumentConfirmed(vehicleId: roadster, version: 7), id: "2",
                time: "2026-01-31T12:00:00Z")
            try await running([stage.consumer()]) {
                try await stage.hears(roadster, [7])
                let letters = try await stage.records(dead, count: 3)
                #expect(letters.count == 3)
                for (letter, poison) in zip(letters.sorted { $0.offset < $1.offset }, bad) {
                    #expect(letter.value == poison.record.value)
                    #expect(letter.key == poison.record.key)
                    #expect(letter.text("dl_error_class") == poison.reason)
                    #expect(letter.text("dl_original_topic") == events)
                    #expect(letter.text("dl_group") == "latchkey.testing.key-registry")
                    #expect(letter.text("dl_attempts") == "1")
                    #expect(positions.contains { letter.isAbout($0) })
                }
            }
            await publisher.close()
        }
    }

    @Test(arguments: BrokerKind.all())
    func `a failing handler holds up its own car only, and order is kept`(on kind: BrokerKind)
        async throws
    {
        try await Stage.run(on: kind) { stage in
            let (roadster, coupe) = (try car(1), try car(2))
            let failures = Shared(2)
            let consumer = stage.consumer { event in
                guard event.vehicleId == roadster, event.version == 1 else { return }
                let fails = failures.value.withLock { left in
                    left -= 1
                    return left >= 0
                }
                if fails { throw Refusal() }
            }
            try await running([stage.relay, consumer]) {
                try await stage.say(roadster, 1...4)
                try await stage.say(coupe, 1...4)
                try await stage.hears(coupe, [1, 2, 3, 4])
                try await stage.hears(roadster, [1, 2, 3, 4])
                let rows = try await stage.database.query("SELECT * FROM parked")
                #expect(rows.isEmpty)
            }
        }
    }

    @Test(arguments: BrokerKind.all())
    func `a handler that swallows an error of the database holds up nobody else`(
        on kind: BrokerKind
    ) async throws {
        try await Stage.run(on: kind) { stage in
            let (roadster, coupe) = (try car(1), try car(2))
            let consumer = EventConsumer(
                database: stage.database, settings: stage.settings, logger: stage.logger
            ).on(DocumentConfirmed.self) { event, _, transaction in
                if event.vehicleId == roadster { _ = try? await transaction.query("SELECT oops") }
                _ = try? await transaction.execute(
                    "INSERT INTO heard (vehicle) VALUES (\(event.vehicleId))")
            }
            try await running([stage.relay, consumer]) {
                try await stage.say(roadster, 1...1)
                try await stage.say(coupe, 1...1)
                try await eventually {
                    let heard = try await stage.database.query("SELECT vehicle FROM heard")
                    return try heard.map { try $0.value("vehicle", as: VehicleID.self) } == [coupe]
                }
                try await eventually {
                    try await stage.database.query("SELECT error FROM parked").count == 1
                }
            }
        }
    }

    @Test(arguments: BrokerKind.all())
    func `after the last attempt the record is dead and the car goes on`(on kind: BrokerKind)
        async throws
    {
        try await Stage.run(on: kind) { stage in
            let roadster = try car(1)
            let consumer = stage.consumer { if $0.version == 1 { throw Refusal() } }
            try await running([stage.relay, consumer]) {
                try await stage.say(roadster, 1...3)
                try await eventually("the end of all attempts", within: .seconds(40)) {
                    // Time passes faster here.
                    try await stage.database.execute("UPDATE parked SET due_at = now()")
                    return try await stage.heard(roadster) == [2, 3]
                }
                let letter = try #require(try await stage.records(dead, count: 1).first)
                #expect(letter.text("dl_error_class") == "Refusal")
                #expect(letter.text("dl_attempts") == "\(EventConsumer.maximumAttempts)")
                #expect(letter.text("dl_original_topic") == events)
            }
        }
    }

    @Test(arguments: BrokerKind.all())
    func `what a handler refuses for good is dead at once and holds up nothing`(
        on kind: BrokerKind
    ) async throws {
        try await Stage.run(on: kind) { stage in
            let roadster = try car(1)
            let consumer = stage.consumer { if $0.version == 2 { throw UnusableEvent() } }
            try await running([stage.relay, consumer]) {
                try await stage.say(roadster, 1...3)
                try await stage.hears(roadster, [1, 3])
                let letter = try #require(try await stage.records(dead, count: 1).first)
                #expect(letter.text("dl_error_class") == "Unusable")
                #expect(letter.text("dl_attempts") == "1")
                let parked = try await stage.database.query("SELECT * FROM parked")
                #expect(parked.isEmpty)
            }
        }
    }

    @Test(arguments: BrokerKind.all())
    func `after the broker was replaced everything is said again and nothing happens twice`(
        on kind: BrokerKind
    ) async throws {
        try await Stage.run(on: kind) { stage in
            let roadster = try car(1)
            let (relay, consumer) = (stage.relay, stage.consumer())
            try await running([relay, consumer]) {
                try await stage.say(roadster, 1...5)
                try await stage.hears(roadster, Array(1...5))
                stage.broker.kill()
                try await stage.broker.restart()
                #expect(try await relay.republishAll() == 5)
                await consumer.readFromBeginning()
                try await eventually("the republished outbox", within: .seconds(40)) {
                    try await stage.unpublished() == 0
                }
                try await stage.say(roadster, 6...7)
                try await eventually("what is said afterwards", within: .seconds(40)) {
                    try await stage.heard(roadster).last == 7
                }
                #expect(try await stage.heard(roadster) == Array(1...7))
            }
        }
    }
}
