// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Kafka
import Logging
import Messaging
import Postgres
import ServiceLifecycle
import Synchronization
import TestKit

/// One service's schema and a broker of its own, for one test.
struct Stage: Sendable {
    let database: Database
    let broker: TestBroker
    let settings: MessagingSettings

    var logger: Logger {
        var logger = Logger(label: "messaging-tests")
        logger.logLevel = .critical
        return logger
    }

    static let tables = [
        Outbox.migration(1), Inbox.migration(2),
        Migration(
            3, "heard",
            """
            CREATE TABLE heard (sequence bigint GENERATED ALWAYS AS IDENTITY, vehicle text,
                version integer)
            """),
    ]

    /// What the tests speak and hear on, with few partitions, so that keys share them.
    static let topics = [
        Topic.registryEvents.name(in: "testing"): 4, Topic.registryKeys.name(in: "testing"): 4,
        Topic.registryPartners.name(in: "testing"): 4,
        Topic.deadLetters(of: "key-registry", in: "testing"): 4,
    ]

    /// Runs `body` with a fresh schema and a fresh broker.
    static func run(on kind: BrokerKind, _ body: (Stage) async throws -> Void) async throws {
        let broker = try await TestBroker.start(kind, topics: topics)
        try await withScratchDatabase(schema: "registry", migrations: tables, poolSize: 6) {
            try await body(try Stage(database: $0, broker: broker))
        }
        await broker.end()
    }

    init(database: Database, broker: TestBroker) throws {
        self.database = database
        self.broker = broker
        settings = try MessagingSettings(
            service: "key-registry", environment: "testing", brokers: broker.address)
    }

    var relay: OutboxRelay {
        OutboxRelay(database: database, settings: settings, logger: logger)
    }

    var publisher: EventPublisher { EventPublisher(settings, logger: logger) }

    /// Writes down what it hears; `obstacle` may throw instead.
    func consumer(
        _ obstacle: @escaping @Sendable (DocumentConfirmed) throws -> Void = { _ in }
    ) -> EventConsumer {
        EventConsumer(database: database, settings: settings, logger: logger)
            .on(DocumentConfirmed.self) { event, _, transaction in
                try await transaction.execute(
                    """
                    INSERT INTO heard (vehicle, version)
                    VALUES (\(event.vehicleId), \(event.version))
                    """)
                try obstacle(event)
            }
    }

    /// Says `versions` of `car`, each in a transaction of its own.
    func say(_ car: VehicleID, _ versions: ClosedRange<Int>) async throws {
        for version in versions {
            try await database.transaction { transaction in
                try await Outbox(transaction).add(
                    DocumentConfirmed(vehicleId: car, version: version))
            }
        }
    }

    /// Versions heard of `car`, in order.
    func heard(_ car: VehicleID) async throws -> [Int] {
        try await database.query(
            "SELECT version FROM heard WHERE vehicle = \(car) ORDER BY sequence"
        ).map { try $0.value("version") }
    }

    /// Waits until exactly `versions` of `car` were heard, in this order.
    func hears(_ car: VehicleID, _ versions: [Int]) async throws {
        try await eventually("versions \(versions) of \(car)", within: .seconds(60)) {
            let heard = try await heard(car)
            guard heard == versions else { throw NotInTime(description: "heard \(heard)") }
            return true
        }
    }

    func unpublished() async throws -> Int {
        let rows = try await database.query(
            "SELECT count(*) AS n FROM outbox WHERE published_at IS NULL")
        return try rows.first?.value("n") ?? -1
    }

    func published() async throws -> Int {
        let rows = try await database.query(
            "SELECT count(*) AS n FROM outbox WHERE published_at IS NOT NULL")
        return try rows.first?.value("n") ?? -1
    }

    /// The first `count` records on `topic`.
    func records(_ topic: String, count: Int) async throws -> [KafkaMessage] {
        let consumer = try KafkaConsumer(settings.kafka, fromTheBeginningOf: [topic])
        let found = Shared<[KafkaMessage]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for try await batch in consumer { found.value.withLock { $0 += batch } }
            }
            try await eventually("\(count) records on \(topic)", within: .seconds(30)) {
                found.value.withLock { $0.count } >= count
            }
            group.cancelAll()
        }
        await consumer.close()
        return found.value.withLock { $0 }
    }
}

/// Runs `services` while `body` runs.
func running(
    _ services: [any Service], _ body: () async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for service in services { group.addTask { try await service.run() } }
        do {
            try await body()
        } catch {
            group.cancelAll()
            throw error
        }
        group.cancelAll()
    }
}

func car(_ number: UInt8) throws -> VehicleID { try VehicleID([0, 0, 0, 0, 0, 0, 0, number]) }

extension KafkaMessage {
    func text(_ name: String) -> String? {
        header(name).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A value that several tasks use.
final class Shared<Value: Sendable>: Sendable {
    let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
}
