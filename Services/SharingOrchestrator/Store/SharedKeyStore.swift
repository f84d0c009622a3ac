// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Messaging
import Postgres

/// The tables of the schema `sharing_orchestrator`, oldest first; 1 and 2 are outbox and inbox.
enum SharingMigrations {
    static let all: [Migration] = [
        Migration(
            3, "decisions",
            """
            CREATE TABLE shared_keys (
                key_id text PRIMARY KEY,
                vehicle_id text NOT NULL,
                profile int NOT NULL,
                approved boolean NOT NULL,
                reason text,
                ended boolean NOT NULL DEFAULT false,
                decided_at timestamptz NOT NULL DEFAULT now()
            );
            CREATE INDEX shared_keys_of_vehicle ON shared_keys (vehicle_id);
            """)
    ]
}

/// Decisions about shared keys.
struct SharedKeyStore {
    let transaction: Transaction

    init(_ transaction: Transaction) { self.transaction = transaction }

    /// Shared keys of the vehicle that count against its limit. Decisions about one vehicle wait for
    /// each other, so that two instances cannot both give away the last place.
    func usable(of vehicle: VehicleID) async throws -> Int {
        try await transaction.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(\(vehicle.description), 0))")
        return try await transaction.query(
            """
            SELECT 1 FROM shared_keys
            WHERE vehicle_id = \(vehicle.description) AND approved AND NOT ended
            """
        ).count
    }

    /// Notes a decision; false when there is one already, which stands.
    func insert(_ decision: SharedKeyDecided, profile: Int) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO shared_keys (key_id, vehicle_id, profile, approved, reason)
            VALUES (\(decision.keyId.description), \(decision.vehicleId.description), \(profile),
                \(decision.approved), \(decision.reason))
            ON CONFLICT (key_id) DO NOTHING
            """) == 1
    }

    /// The key no longer counts.
    func end(_ key: KeyID) async throws {
        try await transaction.execute(
            "UPDATE shared_keys SET ended = true WHERE key_id = \(key.description)")
    }

    /// Decisions about the keys of a vehicle, newest first.
    func ofVehicle(_ vehicle: VehicleID) async throws -> [SharedKeyDecided] {
        try await transaction.query(
            """
            SELECT key_id, approved, reason FROM shared_keys
            WHERE vehicle_id = \(vehicle.description) ORDER BY decided_at DESC LIMIT 200
            """
        ).map { row in
            SharedKeyDecided(
                keyId: try KeyID(hex: row.value("key_id", as: String.self)), vehicleId: vehicle,
                approved: try row.value("approved"), reason: try row.value("reason"))
        }
    }
}
