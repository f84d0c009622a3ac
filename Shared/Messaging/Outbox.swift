// SPDX-License-Identifier: Apache-2.0

public import Contracts
public import Foundation
public import Postgres

/// Says events in the transaction of the change they tell of: both happen or neither.
///
///     try await Outbox(transaction).add(KeyTracked(tracked: state))
///
/// `OutboxRelay` publishes them afterwards. Columns are those of Debezium's outbox router.
public struct Outbox: Sendable {
    private let transaction: Transaction

    /// Bytes of the largest body; Kafka takes 1 MB with key and headers.
    public static let maximumBody = 900_000

    /// Writes in `transaction`, whose search_path is the schema of the service.
    public init(_ transaction: Transaction) { self.transaction = transaction }

    /// Adds `event`; returns its id, which becomes `ce_id`.
    @discardableResult
    public func add(_ event: some Event, traceparent: String? = nil) async throws -> UUID {
        let body = try EventJSON.encode(event)
        guard body.count <= Self.maximumBody else {
            throw MessagingError.tooLarge(type: Swift.type(of: event).type, bytes: body.count)
        }
        return try await insert(
            Swift.type(of: event), key: event.key, traceparent: traceparent,
            payload: .json(String(decoding: body, as: UTF8.self)))
    }

    /// Erases `key` from the state topic of `type`: a record without a body.
    @discardableResult
    public func erase<State: Event>(_ type: State.Type, key: String) async throws -> UUID {
        try await insert(type, key: key, traceparent: nil, payload: .null)
    }

    private func insert(
        _ type: any Event.Type, key: String, traceparent: String?, payload: PostgresValue
    ) async throws -> UUID {
        let id = UUID()
        // Held until the end of the transaction: events of one key are numbered in the order in
        // which they are committed.
        try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtext('outbox.' || current_schema()), hashtext(\(key)))"
        )
        try await transaction.execute(
            """
            INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, traceparent)
            VALUES (\(id), \(type.topic.rawValue), \(key), \(type.type), \(payload), \(traceparent))
            """)
        try await transaction.query("SELECT pg_notify('outbox_' || current_schema(), '')")
        return id
    }

    /// The table, as step `number` of the migrations of a service.
    public static func migration(_ number: Int) -> Migration {
        Migration(
            number, "outbox",
            """
            CREATE TABLE outbox (
                sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                id uuid NOT NULL UNIQUE,
                aggregatetype text NOT NULL,
                aggregateid text NOT NULL,
                type text NOT NULL,
                payload jsonb,
                traceparent text,
                occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                published_at timestamptz,
                attempts integer NOT NULL DEFAULT 0);
            CREATE INDEX outbox_unpublished ON outbox (sequence) WHERE published_at IS NULL;
            """)
    }
}

/// Why an event cannot be said or heard.
public enum MessagingError: Error, Equatable, Sendable {
    /// The body of an event does not fit into a record.
    case tooLarge(type: String, bytes: Int)
    /// The broker did not answer in time.
    case brokerSilent
    /// A row of the outbox names a topic that this program does not know.
    case unknownTopic(String)
}
