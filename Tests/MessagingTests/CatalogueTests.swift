// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Kafka
import Messaging
import Postgres
import TestKit
import Testing

@Suite struct CatalogueTests {
    @Test func `every topic has events and every type is there once`() {
        #expect(Set(EventCatalogue.events.map { $0.topic }) == Set(Topic.allCases))
        #expect(Set(EventCatalogue.events.map { $0.type }).count == EventCatalogue.events.count)
        #expect(EventCatalogue.contains(KeyTracked.type, on: .registryEvents))
        #expect(!EventCatalogue.contains(KeyTracked.type, on: .relayEvents))
    }

    @Test(arguments: [
        "", "no-port", "ftp://host:1", "tls://host:1?ca", "tls://host:1?colour=red",
        "scram://host:1?passwordFile=/nothing", "scram://user@host:1",
        "scram://user@host:1?passwordFile=/nowhere/at/all",
    ]) func `brokers that cannot be are refused`(_ brokers: String) {
        #expect(throws: KafkaError.self) {
            let settings = try MessagingSettings(
                service: "s", environment: "testing", brokers: brokers)
            _ = try KafkaProducer(settings.kafka)
        }
    }

    @Test func `identifiers and moments come back from their columns`() async throws {
        try await withScratchDatabase { database in
            let (roadster, moment) = (try car(9), Instant(secondsSinceEpoch: -1))
            let rows = try await database.query(
                """
                SELECT \(roadster)::text AS car, \(moment) AS at, \(Instant.noEnd) AS never,
                    'zz'::text AS bad
                """)
            let row = try #require(rows.first)
            #expect(try row.value("car") == roadster)
            #expect(try row.value("at") == moment)
            #expect(try row.value("never") == Instant.noEnd)
            #expect(throws: PostgresError.self) { try row.value("bad", as: VehicleID.self) }
        }
    }

    @Test func `an event too large for a record is refused before anything is written`()
        async throws
    {
        try await withScratchDatabase(migrations: [Outbox.migration(1)]) { database in
            let huge = MailboxTouched(
                mailboxId: "m", tokenType: "t",
                tokenData: String(repeating: "x", count: Outbox.maximumBody))
            await #expect(throws: MessagingError.self) {
                try await database.transaction { try await Outbox($0).add(huge) }
            }
            let rows = try await database.query("SELECT * FROM outbox")
            #expect(rows.isEmpty)
        }
    }
}
