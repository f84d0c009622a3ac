// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import Foundation
internal import Identifiers
internal import Kafka
internal import Postgres

/// Records that wait because a handler failed on them or on an earlier one of the same key.
///
/// A lane is the key within its topic. Only the first record of a lane is tried; the others keep
/// their order behind it.
struct ParkedRecords {
    let consumer: String
    let transaction: Transaction

    /// A record that waits.
    struct Entry {
        let sequence: Int
        let attempts: Int
        let message: KafkaMessage
    }

    static func lane(of message: KafkaMessage) -> String {
        // A record without a key keeps its order within the partition.
        message.topic + "|" + (message.key.map(\.hex) ?? "partition \(message.partition)")
    }

    /// One worker at a time per lane, among all instances, until the transaction ends.
    func lock(_ lane: String) async throws {
        try await transaction.query(
            "SELECT pg_advisory_xact_lock(hashtext('lane.' || \(consumer)::text), hashtext(\(lane)))"
        )
    }

    func isBlocked(_ lane: String) async throws -> Bool {
        try await !transaction.query(
            """
            SELECT 1 AS one FROM parked WHERE consumer = \(consumer) AND lane = \(lane) LIMIT 1
            """
        ).isEmpty
    }

    /// Adds to the end of the lane; a record that waits already, or had its effect, stays as it is.
    func park(_ message: KafkaMessage, _ context: EventContext, attempts: Int, error: String?)
        async throws
    {
        let headers = message.headers.map { [$0.name, $0.value?.hex] }
        try await transaction.execute(
            """
            INSERT INTO parked (consumer, source, id, lane, topic, partition, record_offset,
                record_time, key, value, headers, attempts, error, due_at)
            SELECT \(consumer), \(context.source), \(context.id), \(Self.lane(of: message)),
                \(message.topic), \(Int(message.partition)), \(message.offset),
                \(message.timestamp), \(message.key), \(message.value),
                \(PostgresValue.json(encoding: headers)), \(attempts), \(error),
                now() + make_interval(secs => \(Self.pause(after: attempts)))
            WHERE NOT EXISTS (SELECT 1 FROM inbox WHERE consumer = \(consumer)
                AND source = \(context.source) AND id = \(context.id))
            ON CONFLICT DO NOTHING
            """)
    }

    /// Lanes whose first record is due.
    func dueLanes() async throws -> [String] {
        try await transaction.query(
            """
            SELECT lane FROM (SELECT DISTINCT ON (lane) lane, due_at FROM parked
                WHERE consumer = \(consumer) ORDER BY lane, sequence) heads
            WHERE due_at <= now() LIMIT 100
            """
        ).map { try $0.value("lane") }
    }

    /// The first record of `lane`, if it is due.
    func head(of lane: String) async throws -> Entry? {
        let rows = try await transaction.query(
            """
            SELECT *, due_at <= now() AS due FROM parked
            WHERE consumer = \(consumer) AND lane = \(lane) ORDER BY sequence LIMIT 1
            """)
        guard let row = rows.first, try row.value("due") else { return nil }
        let pairs: [[String?]] = try row.decoded("headers")
        let headers = try pairs.compactMap { pair -> KafkaHeader? in
            guard let name = pair.first ?? nil else { return nil }
            return KafkaHeader(name, try (pair.last ?? nil).map { try [UInt8](hex: $0) })
        }
        let partition = KafkaPartition(
            topic: try row.value("topic"), number: Int32(try row.value("partition", as: Int.self)))
        return Entry(
            sequence: try row.value("sequence"), attempts: try row.value("attempts"),
            message: KafkaMessage(
                position: KafkaPosition(
                    partition: partition, offset: try row.value("record_offset")),
                key: try row.value("key"), value: try row.value("value"), headers: headers,
                timestamp: try row.value("record_time")))
    }

    func postpone(_ entry: Entry, error: String) async throws {
        try await transaction.execute(
            """
            UPDATE parked SET attempts = attempts + 1, error = \(error),
                due_at = now() + make_interval(secs => \(Self.pause(after: entry.attempts + 1)))
            WHERE sequence = \(entry.sequence)
            """)
    }

    func remove(_ entry: Entry) async throws {
        try await transaction.execute("DELETE FROM parked WHERE sequence = \(entry.sequence)")
    }

    /// Seconds: 1, 2, 4 ... 60; none for a record that was not tried yet.
    static func pause(after attempts: Int) -> Double {
        attempts == 0 ? 0 : min(60, Double(1 << min(attempts - 1, 6)))
    }
}
