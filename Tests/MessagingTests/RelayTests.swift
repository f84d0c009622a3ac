// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Kafka
import Messaging
import Postgres
import TestKit
import Testing

@Suite struct RelayTests {
    private struct Crash: Error {}
    private let events = Topic.registryEvents.name(in: "testing")

    @Test(arguments: BrokerKind.all())
    func `an event is said if and only if its change is committed`(on kind: BrokerKind) async throws
    {
        try await Stage.run(on: kind) { stage in
            let roadster = try car(1)
            await #expect(throws: Crash.self) {
                try await stage.database.transaction { transaction in
                    try await Outbox(transaction).add(
                        DocumentConfirmed(vehicleId: roadster, version: 1))
                    throw Crash()
                }
            }
            let id = try await stage.database.transaction { transaction in
                try await Outbox(transaction).add(
                    DocumentConfirmed(vehicleId: roadster, version: 2), traceparent: "00-ab-cd-01")
            }
            try await running([stage.relay]) {
                let records = try await stage.records(events, count: 1)
                #expect(records.count == 1)
                let record = try #require(records.first)
                #expect(record.text("ce_id") == id.uuidString.lowercased())
                #expect(record.text("ce_source") == "latchkey/key-registry")
                #expect(record.text("ce_type") == DocumentConfirmed.type)
                #expect(record.text("ce_specversion") == "1.0")
                #expect(record.text("ce_traceparent") == "00-ab-cd-01")
                #expect(record.text("content-type") == "application/json")
                #expect(Instant(rfc3339: record.text("ce_time") ?? "") != nil)
                #expect(record.key == Array(roadster.description.utf8))
                try await eventually { try await stage.unpublished() == 0 }
            }
        }
    }

    @Test(arguments: BrokerKind.all())
    func `two relays at once neither double nor reorder`(on kind: BrokerKind) async throws {
        try await Stage.run(on: kind) { stage in
            let relays = [stage.relay, stage.relay, stage.relay]
            try await running(relays) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 1...4 {
                        let car = try car(UInt8(number))
                        group.addTask { try await stage.say(car, 1...40) }
                    }
                    try await group.waitForAll()
                }
                try await eventually { try await stage.unpublished() == 0 }
                let records = try await stage.records(events, count: 160)
                #expect(records.count == 160)
                #expect(Set(records.map { $0.text("ce_id") }).count == 160)
                let byKey = Dictionary(grouping: records) { $0.key ?? [] }
                for (_, records) in byKey {
                    let bodies = records.compactMap { $0.value }.map {
                        String(decoding: $0, as: UTF8.self)
                    }
                    #expect(bodies.count == 40)
                    for (index, body) in bodies.enumerated() {
                        #expect(body.contains("\"version\": \(index + 1)"))
                    }
                }
            }
        }
    }

    @Test(arguments: BrokerKind.all())
    func `without a broker the outbox grows, afterwards everything is published`(
        on kind: BrokerKind
    ) async throws {
        try await Stage.run(on: kind) { stage in
            let roadster = try car(1)
            stage.broker.kill()
            try await running([stage.relay]) {
                try await stage.say(roadster, 1...5)
                #expect(try await stage.unpublished() == 5)
                try await stage.broker.restart()
                try await eventually("an empty outbox", within: .seconds(40)) {
                    try await stage.unpublished() == 0
                }
                #expect(try await stage.records(events, count: 5).count >= 5)
            }
        }
    }

    @Test(arguments: BrokerKind.all())
    func `an erased state is a record without a body`(on kind: BrokerKind) async throws {
        try await Stage.run(on: kind) { stage in
            try await stage.database.transaction { transaction in
                try await Outbox(transaction).erase(TrackedKeyState.self, key: "aa")
            }
            try await running([stage.relay]) {
                let records = try await stage.records(
                    Topic.registryKeys.name(in: "testing"), count: 1)
                let record = try #require(records.first)
                #expect(record.value == nil)
                #expect(record.text("ce_type") == TrackedKeyState.type)
            }
        }
    }

    @Test(arguments: BrokerKind.all())
    func `a relay goes on when the database comes back`(on kind: BrokerKind) async throws {
        let broker = try await TestBroker.start(kind, topics: Stage.topics)
        let cluster = try await PostgresCluster.start()
        defer { cluster.end() }
        let database = Database(url: cluster.url(), schema: "registry", poolSize: 4)
        try await Migrator.migrate(database, schema: "registry", Stage.tables)
        let stage = try Stage(database: database, broker: broker)
        let roadster = try car(1)
        try await running([stage.relay, stage.consumer()]) {
            try await stage.say(roadster, 1...3)
            try await stage.hears(roadster, [1, 2, 3])
            cluster.crash()
            try await cluster.restart()
            try await eventually("saying again") {
                try await stage.say(roadster, 4...4)
                return true
            }
            try await stage.hears(roadster, [1, 2, 3, 4])
        }
        await database.close()
        await broker.end()
    }
}
