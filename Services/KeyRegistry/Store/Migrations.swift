// SPDX-License-Identifier: Apache-2.0

import Messaging
import Postgres

/// The tables of the schema `key_registry`, oldest first; 1 and 2 are outbox and inbox; a published one is never changed.
enum RegistryMigrations {
    static let all: [Migration] = [
        Migration(
            3, "partners, vehicles, keys",
            """
            CREATE TABLE partners (
                device_oem_id text PRIMARY KEY,
                root bytea NOT NULL,
                external_ca bytea NOT NULL,
                server text,
                tls_root text
            );

            CREATE TABLE vehicles (
                vehicle_id text PRIMARY KEY,
                vin text NOT NULL UNIQUE,
                display_name text NOT NULL,
                account text NOT NULL,
                public_key bytea NOT NULL,
                encryption_public_key bytea NOT NULL,
                state text NOT NULL,
                document_version bigint NOT NULL,
                confirmed_version bigint NOT NULL,
                report_sequence bigint NOT NULL,
                receipt_policy text NOT NULL,
                pairing jsonb
            );

            CREATE TABLE keys (
                key_id text PRIMARY KEY,
                vehicle_id text NOT NULL REFERENCES vehicles,
                state jsonb NOT NULL,
                public_key bytea NOT NULL,
                attestation bytea,
                termination_document bigint,
                order_id text,
                answer jsonb NOT NULL,
                tracked_at timestamptz NOT NULL DEFAULT now()
            );
            CREATE INDEX keys_of_vehicle ON keys (vehicle_id);

            -- Keys that cars told us of, tracked or not: facts arrive in any order.
            CREATE TABLE reported_keys (
                key_id text PRIMARY KEY,
                vehicle_id text NOT NULL REFERENCES vehicles,
                slot_id text NOT NULL,
                owner boolean NOT NULL,
                reported_at timestamptz NOT NULL DEFAULT now()
            );

            -- Answers of the last day, so that a repeated call gets the same one, byte for byte.
            CREATE TABLE requests (
                device_oem_id text NOT NULL,
                request_id text NOT NULL,
                digest bytea NOT NULL,
                answer bytea NOT NULL,
                answered_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (device_oem_id, request_id)
            );
            CREATE INDEX requests_by_age ON requests (answered_at);
            """)
    ]
}
