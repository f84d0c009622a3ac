// SPDX-License-Identifier: Apache-2.0

public import Postgres
public import ServiceKit
public import ServiceLifecycle

/// What every service with events stands on: its schema brought up to date, its outbox relay, its
/// consumer, and the repair after a broker was replaced.
///
///     let backbone = try await Backbone(name, host: host, migrations: …) { consumer in
///         consumer.on(KeyTracked.self) { event, context, transaction in … }
///     }
public struct Backbone: Sendable {
    /// The schema of the service.
    public let database: Database
    /// Relay and consumer, to run in the background.
    public let background: [any Service]
    /// The database answers, the relay moves.
    public let readiness: [Check]

    /// Brings the schema up to date, waiting for a database that is away, and composes the rest.
    ///
    /// - Parameter migrations: those of the service; outbox and inbox come before them.
    public init(
        _ service: String, host: ServiceHost, migrations: [Migration],
        hearing handlers: (EventConsumer) -> EventConsumer = { $0 }
    ) async throws {
        let schema = service.replacing("-", with: "_")
        let database = Database(url: host.shared.databaseURL, schema: schema)
        _ = try await host.retrying(
            "the database", while: { ($0 as? PostgresError)?.isUnavailable == true }
        ) {
            try await Migrator.migrate(
                database, schema: schema,
                [Outbox.migration(1), Inbox.migration(2)] + migrations)
        }
        let settings = try MessagingSettings(
            service: service, environment: host.shared.environment, brokers: host.shared.kafka)
        let relay = OutboxRelay(database: database, settings: settings, logger: host.logger)
        let consumer = handlers(
            EventConsumer(database: database, settings: settings, logger: host.logger))
        host.onBrokerReplaced("outbox") { _ = try await relay.republishAll() }
        host.onBrokerReplaced("consumer") { await consumer.readFromBeginning() }
        self.database = database
        background = consumer.isListening ? [relay, consumer] : [relay]
        readiness = [
            Check("database") { try await database.ping() },
            Check("outbox") {
                guard relay.stalled < .seconds(60) else { throw OutboxStalled() }
            },
        ]
    }
}

extension Backbone {
    /// What a caller reads when the database is away or overloaded: try again. None for other errors.
    public static func problem(for error: any Error) -> Problem? {
        guard (error as? PostgresError)?.isUnavailable == true else { return nil }
        return .unavailable("the database cannot be reached now")
    }
}

private struct OutboxStalled: Error, CustomStringConvertible {
    let description = "the outbox relay has not moved for a minute"
}
