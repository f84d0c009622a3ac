// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import GRDB
import Identifiers
import KeyProtocol

/// A row of the table `vehicle`.
enum VehicleRow {
    static let selectAll = """
        SELECT id, provisioning, record, revision, locked, engine_running, speed_limit,
            document_version, report_sequence, spent_pairing
        FROM vehicle
        """

    static func read(_ row: Row) throws -> StoredVehicle {
        do {
            return StoredVehicle(
                provisioning: try JSONDecoder().decode(
                    CarAPI.Provisioning.self, from: row["provisioning"]),
                record: try JSONDecoder().decode(VehicleRecord.self, from: row["record"]),
                revision: row["revision"], locked: row["locked"],
                engineRunning: row["engine_running"], speedLimit: row["speed_limit"],
                documentVersion: row["document_version"], reportSequence: row["report_sequence"],
                spentPairing: row["spent_pairing"])
        } catch is DecodingError {
            // The error of the decoder would quote the record.
            throw GatewayError.stateDamaged("vehicle \(row["id"] as String)")
        }
    }

    static func write(_ vehicle: StoredVehicle, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO vehicle (id, provisioning, record, revision, locked,
                    engine_running, speed_limit, document_version, report_sequence, spent_pairing)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                vehicle.id.description, try JSONEncoder().encode(vehicle.provisioning),
                try JSONEncoder().encode(vehicle.record), vehicle.revision, vehicle.locked,
                vehicle.engineRunning, vehicle.speedLimit, vehicle.documentVersion,
                vehicle.reportSequence, vehicle.spentPairing,
            ])
    }
}
