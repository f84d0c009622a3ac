// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Messaging
import Postgres

/// The tables of the schema `notification`, oldest first; 1 and 2 are outbox and inbox.
enum NotificationMigrations {
    static let all: [Migration] = [
        Migration(
            3, "notices, partners, keys",
            """
            CREATE TABLE notices (
                number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                id text NOT NULL UNIQUE,
                recipient text NOT NULL,
                device_oem_id text NOT NULL,
                body jsonb NOT NULL,
                created_at timestamptz NOT NULL DEFAULT now(),
                delivered_at timestamptz,
                attempts int NOT NULL DEFAULT 0,
                next_attempt_at timestamptz NOT NULL DEFAULT now(),
                last_error text
            );
            CREATE INDEX notices_of_recipient ON notices (recipient, number);
            CREATE INDEX notices_due ON notices (next_attempt_at) WHERE delivered_at IS NULL;

            CREATE TABLE partners (
                device_oem_id text PRIMARY KEY,
                server text,
                tls_root text
            );

            CREATE TABLE keys (
                key_id text PRIMARY KEY,
                body jsonb NOT NULL
            );
            """)
    ]
}

/// Notices in PostgreSQL.
struct NoticeStore {
    let transaction: Transaction

    init(_ transaction: Transaction) { self.transaction = transaction }

    func insert(_ notice: Notice) async throws {
        let body = String(decoding: try JSONEncoder().encode(notice), as: UTF8.self)
        try await transaction.execute(
            """
            INSERT INTO notices (id, recipient, device_oem_id, body)
            VALUES (\(notice.id), \(notice.recipient.description), \(notice.deviceOemId),
                \(PostgresValue.json(body)))
            ON CONFLICT (id) DO NOTHING
            """)
    }

    /// Notices to deliver now; another instance skips them for the half minute a call may take.
    func takeDue(limit: Int) async throws -> [DueNotice] {
        try await transaction.query(
            """
            WITH due AS (
                SELECT number FROM notices
                WHERE delivered_at IS NULL AND next_attempt_at <= now()
                ORDER BY next_attempt_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            )
            UPDATE notices SET attempts = attempts + 1,
                next_attempt_at = now() + interval '30 seconds'
            FROM due WHERE notices.number = due.number
            RETURNING notices.body, notices.attempts
            """
        ).map { DueNotice(notice: try Self.notice($0), attempts: try $0.value("attempts")) }
    }

    /// Notes that a notice was taken; its recipient, or none when that was noted before.
    func delivered(_ id: String) async throws -> String? {
        try await transaction.query(
            """
            UPDATE notices SET delivered_at = now(), last_error = NULL
            WHERE id = \(id) AND delivered_at IS NULL RETURNING recipient
            """
        ).first?.value("recipient")
    }

    /// The next try waits longer each time, an hour at most.
    func postpone(_ id: String, attempts: Int, reason: String) async throws {
        let seconds = min(3600, 1 << min(attempts, 12))
        try await transaction.execute(
            """
            UPDATE notices SET next_attempt_at = now() + \(seconds) * interval '1 second',
                last_error = \(String(reason.prefix(500))) WHERE id = \(id)
            """)
    }

    /// Notices for a key after `number`, oldest first, 100 at most.
    func list(for recipient: KeyID, after number: Int) async throws -> [(
        number: Int, notice: Notice
    )] {
        try await transaction.query(
            """
            SELECT number, body FROM notices
            WHERE recipient = \(recipient.description) AND number > \(number)
            ORDER BY number LIMIT 100
            """
        ).map { (try $0.value("number"), try Self.notice($0)) }
    }

    private static func notice(_ row: Row) throws -> Notice {
        try JSONDecoder().decode(Notice.self, from: Data(row.value("body", as: String.self).utf8))
    }
}

/// A notice to deliver, and how often that was tried, this time included.
struct DueNotice: Sendable {
    let notice: Notice
    let attempts: Int
}
