// SPDX-License-Identifier: Apache-2.0

import Postgres

/// The schema `identity_relay`. Nothing here names a device, an account, an address or a time of
/// creation; claims are hashes that differ at every mailbox.
enum RelayMigrations {
    static let schema = "identity_relay"

    /// Outbox and inbox come first.
    static let all = [
        Migration(
            3, "mailboxes",
            """
            CREATE TABLE mailboxes (
                id uuid PRIMARY KEY,
                creation bytea NOT NULL UNIQUE,
                payload_type text NOT NULL,
                payload_data text NOT NULL,
                title text NOT NULL,
                description text NOT NULL,
                image_url text NOT NULL,
                rights text NOT NULL,
                expires_at timestamptz NOT NULL,
                version bigint NOT NULL,
                is_read boolean NOT NULL,
                initiator_claim bytea NOT NULL,
                initiator_request bytea,
                initiator_token_type text,
                initiator_token_data text,
                recipient_claim bytea,
                recipient_request bytea,
                recipient_token_type text,
                recipient_token_data text,
                relinquished bytea,
                wrong_claims integer NOT NULL,
                locked_until timestamptz
            );
            CREATE INDEX mailboxes_expires_at ON mailboxes (expires_at);
            """),
        Migration(
            4, "writer of the payload",
            "ALTER TABLE mailboxes ADD COLUMN writer text NOT NULL DEFAULT 'initiator'"),
    ]
}
