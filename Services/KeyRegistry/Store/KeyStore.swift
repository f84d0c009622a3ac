// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Postgres

/// Tracked keys in PostgreSQL.
struct KeyStore {
    let transaction: Transaction

    init(_ transaction: Transaction) { self.transaction = transaction }

    /// Reads a key and keeps others from changing it until the transaction ends.
    func find(_ id: KeyID) async throws -> TrackedKey? {
        try await transaction.query(
            "SELECT * FROM keys WHERE key_id = \(id.description) FOR UPDATE"
        ).first.map(TrackedKey.init(row:))
    }

    /// The vehicle of a key, which never changes. Takes no lock: whoever is to change a key locks the
    /// vehicle first and then the key, everywhere.
    func vehicle(of id: KeyID) async throws -> VehicleID? {
        try await transaction.query(
            "SELECT vehicle_id FROM keys WHERE key_id = \(id.description)"
        ).first.map { try VehicleID(hex: $0.value("vehicle_id", as: String.self)) }
    }

    /// Locks a key and its vehicle, in this order: vehicle, key.
    func findWithVehicle(_ id: KeyID) async throws -> (TrackedKey, VehicleRegistration) {
        guard let vehicleId = try await vehicle(of: id) else { throw RegistryError.keyUnknown }
        let vehicle = try await VehicleStore(transaction).find(vehicleId)
        guard let key = try await find(id) else { throw RegistryError.keyUnknown }
        return (key, vehicle)
    }

    /// A key and what its vehicle is called, to be shown. Takes no lock: nothing is decided from it.
    func withModel(_ id: KeyID) async throws -> (TrackedKey, model: String)? {
        try await transaction.query(
            """
            SELECT keys.*, vehicles.display_name FROM keys JOIN vehicles USING (vehicle_id)
            WHERE key_id = \(id.description)
            """
        ).first.map { (try TrackedKey(row: $0), try $0.value("display_name")) }
    }

    /// All keys of a vehicle, oldest first.
    func ofVehicle(_ id: VehicleID) async throws -> [TrackedKey] {
        try await transaction.query(
            "SELECT * FROM keys WHERE vehicle_id = \(id.description) ORDER BY tracked_at, key_id"
        ).map(TrackedKey.init(row:))
    }

    /// Stores a key with the answer its registration got.
    func insert(_ key: TrackedKey, answer: PartnerAPI.TrackKeyResponse) async throws {
        try await transaction.execute(
            """
            INSERT INTO keys (key_id, vehicle_id, state, public_key, attestation, answer)
            VALUES (\(key.keyId.description), \(key.vehicleId.description),
                \(PostgresValue.json(try ColumnJSON.encode(key.state))), \(key.publicKey),
                \(key.attestation), \(PostgresValue.json(try ColumnJSON.encode(answer))))
            """)
    }

    func save(_ key: TrackedKey) async throws {
        try await transaction.execute(
            """
            UPDATE keys SET state = \(PostgresValue.json(try ColumnJSON.encode(key.state))),
                termination_document = \(key.terminationDocument), order_id = \(key.orderId)
            WHERE key_id = \(key.keyId.description)
            """)
    }

    /// The answer trackKey gave for this key.
    func answer(_ id: KeyID, for deviceOemId: String) async throws -> PartnerAPI.TrackKeyResponse? {
        let rows = try await transaction.query(
            """
            SELECT answer, state->>'deviceOemId' AS device_oem_id FROM keys
            WHERE key_id = \(id.description)
            """)
        guard let row = rows.first else { return nil }
        guard try row.value("device_oem_id", as: String.self) == deviceOemId else {
            throw RegistryError.notOwner("the key belongs to a device of another OEM")
        }
        return try ColumnJSON.decode(row.value("answer"))
    }

    /// Notes a key that a car told us of.
    func report(_ id: KeyID, of vehicle: VehicleID, slot: SlotID, owner: Bool) async throws {
        try await transaction.execute(
            """
            INSERT INTO reported_keys (key_id, vehicle_id, slot_id, owner)
            VALUES (\(id.description), \(vehicle.description), \(slot.description), \(owner))
            ON CONFLICT (key_id) DO NOTHING
            """)
    }

    /// Whether this car said that this is its owner key.
    func isReportedOwner(_ id: KeyID, of vehicle: VehicleID) async throws -> Bool {
        try await !transaction.query(
            """
            SELECT 1 FROM reported_keys
            WHERE key_id = \(id.description) AND vehicle_id = \(vehicle.description) AND owner
            """
        ).isEmpty
    }
}

extension TrackedKey {
    fileprivate init(row: Row) throws {
        self.init(
            state: try ColumnJSON.decode(row.value("state")),
            publicKey: try row.value("public_key"), attestation: try row.value("attestation"),
            terminationDocument: try row.value("termination_document"),
            orderId: try row.value("order_id"))
    }
}
