// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Postgres

/// Vehicles in PostgreSQL.
struct VehicleStore {
    let transaction: Transaction

    init(_ transaction: Transaction) { self.transaction = transaction }

    /// Reads a vehicle and keeps others from changing it until the transaction ends.
    func find(_ id: VehicleID) async throws -> VehicleRegistration {
        let rows = try await transaction.query(
            "SELECT * FROM vehicles WHERE vehicle_id = \(id.description) FOR UPDATE")
        guard let row = rows.first else { throw RegistryError.vehicleUnknown }
        return try VehicleRegistration(row: row)
    }

    /// The vehicle with this VIN or id, if there is one; other additions wait until we are done.
    func existing(vin: String, id: VehicleID) async throws -> VehicleRegistration? {
        try await transaction.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('add vehicle', 0))")
        return try await transaction.query(
            "SELECT * FROM vehicles WHERE vin = \(vin) OR vehicle_id = \(id.description) FOR UPDATE"
        ).first.map(VehicleRegistration.init(row:))
    }

    /// All vehicles, 1000 at most, by VIN.
    func all() async throws -> [VehicleRegistration] {
        try await transaction.query("SELECT * FROM vehicles ORDER BY vin LIMIT 1000")
            .map(VehicleRegistration.init(row:))
    }

    func insert(_ vehicle: VehicleRegistration) async throws {
        try await transaction.execute(
            """
            INSERT INTO vehicles VALUES (
                \(vehicle.vehicleId.description), \(vehicle.vin), \(vehicle.displayName),
                \(vehicle.account), \(vehicle.publicKey), \(vehicle.encryptionPublicKey),
                \(vehicle.state.rawValue), \(vehicle.documentVersion),
                \(vehicle.confirmedVersion), \(vehicle.reportSequence),
                \(vehicle.receiptPolicy.rawValue), \(try vehicle.pairingColumn))
            """)
    }

    /// Saves what changes in a vehicle's life.
    func save(_ vehicle: VehicleRegistration) async throws {
        try await transaction.execute(
            """
            UPDATE vehicles SET display_name = \(vehicle.displayName), account = \(vehicle.account),
                state = \(vehicle.state.rawValue), document_version = \(vehicle.documentVersion),
                confirmed_version = \(vehicle.confirmedVersion),
                report_sequence = \(vehicle.reportSequence), pairing = \(try vehicle.pairingColumn)
            WHERE vehicle_id = \(vehicle.vehicleId.description)
            """)
    }
}

extension VehicleRegistration {
    fileprivate init(row: Row) throws {
        let state: String = try row.value("state")
        let policy: String = try row.value("receipt_policy")
        guard let state = State(rawValue: state),
            let policy = VehicleDocument.Policies.Receipt(rawValue: policy)
        else { throw PostgresError.column("unknown state or policy of a vehicle") }
        let pairing: String? = try row.value("pairing")
        try self.init(
            vin: row.value("vin"),
            vehicleId: VehicleID(hex: row.value("vehicle_id", as: String.self)),
            displayName: row.value("display_name"), account: row.value("account"),
            publicKey: row.value("public_key"),
            encryptionPublicKey: row.value("encryption_public_key"), state: state,
            documentVersion: row.value("document_version"),
            confirmedVersion: row.value("confirmed_version"),
            reportSequence: row.value("report_sequence"), receiptPolicy: policy,
            pairing: pairing.map { try ColumnJSON.decode($0) })
    }

    fileprivate var pairingColumn: PostgresValue {
        get throws { try pairing.map { .json(try ColumnJSON.encode($0)) } ?? .null }
    }
}

/// JSON in a column: the same bytes for the same value.
enum ColumnJSON {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ text: String, as: Value.Type = Value.self) throws
        -> Value
    {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}
