// SPDX-License-Identifier: Apache-2.0

internal import Contracts
public import Postgres

/// Remembers which events had their effect, in the transaction of the effect.
public enum Inbox {
    /// False when `consumer` had this event before.
    static func admit(
        _ context: EventContext, for consumer: String, _ transaction: Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO inbox (consumer, source, id)
            VALUES (\(consumer), \(context.source), \(context.id)) ON CONFLICT DO NOTHING
            """) == 1
    }

    /// The tables of inbox and parked records, as step `number` of the migrations of a service.
    public static func migration(_ number: Int) -> Migration {
        Migration(
            number, "inbox",
            """
            CREATE TABLE inbox (
                consumer text NOT NULL,
                source text NOT NULL,
                id text NOT NULL,
                received_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (consumer, source, id));
            CREATE TABLE parked (
                sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                consumer text NOT NULL,
                source text NOT NULL,
                id text NOT NULL,
                lane text NOT NULL,
                topic text NOT NULL,
                partition integer NOT NULL,
                record_offset bigint NOT NULL,
                record_time bigint,
                key bytea,
                value bytea,
                headers jsonb NOT NULL,
                attempts integer NOT NULL DEFAULT 0,
                due_at timestamptz NOT NULL DEFAULT now(),
                error text,
                UNIQUE (consumer, source, id));
            CREATE INDEX parked_lane ON parked (consumer, lane, sequence);
            """)
    }
}
