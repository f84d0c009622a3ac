// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import GRDB
import Identifiers
import KeyProtocol

/// The state on board: one SQLite file, WAL, synchronous FULL, so that what was saved before an
/// APDU left is there after a power cut.
///
/// SQLite has one writer: `change` is the one serialisation of everything that happens to a vehicle.
struct GatewayStore: Sendable {
    private let database: DatabaseQueue
    /// Vehicles as the file has them, read and written on the queue of `database` only.
    private let known = KnownVehicles()

    /// Opens or creates the file at `path`, readable by this user only.
    init(path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let previous = umask(0o077)
        defer { umask(previous) }
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        database = try DatabaseQueue(path: path, configuration: configuration)
        // GRDB leaves NORMAL with WAL: a power cut could then lose the last transactions.
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try Migrations.run(on: database)
    }

    /// Throws when the file does not answer.
    func ping() async throws {
        _ = try await database.read { try Int.fetchOne($0, sql: "SELECT 1") }
    }

    // MARK: Vehicles

    func vehicles() async throws -> [StoredVehicle] {
        try await database.read {
            try Row.fetchAll($0, sql: VehicleRow.selectAll).map(VehicleRow.read)
        }
    }

    func vehicle(_ id: VehicleID) async throws -> StoredVehicle? {
        try await database.read { try vehicle(id, $0) }
    }

    /// Adds a vehicle, or replaces what the factory gave while keeping all the rest.
    func provision(_ vehicle: StoredVehicle) async throws {
        try await database.write { try save(vehicle, $0) }
    }

    /// Loads the vehicle, lets `body` change it and queue facts, and saves it: one transaction.
    func change<Value: Sendable>(
        _ id: VehicleID, at now: Instant,
        _ body:
            @escaping @Sendable (inout StoredVehicle, inout [VehicleReport.Fact]) throws -> Value
    ) async throws -> Value {
        try await database.write { db in
            guard var vehicle = try vehicle(id, db) else { throw GatewayError.vehicleUnknown }
            var facts: [VehicleReport.Fact] = []
            let value = try body(&vehicle, &facts)
            for fact in facts {
                vehicle.reportSequence += 1
                try db.execute(
                    sql: "INSERT INTO report (vehicle, sequence, at, fact) VALUES (?, ?, ?, ?)",
                    arguments: [
                        id.description, vehicle.reportSequence, now.secondsSinceEpoch,
                        try JSONEncoder().encode(fact),
                    ])
            }
            vehicle.revision += 1
            try save(vehicle, db)
            return value
        }
    }

    private func vehicle(_ id: VehicleID, _ db: Database) throws -> StoredVehicle? {
        if let vehicle = known[id] { return vehicle }
        let row = try Row.fetchOne(
            db, sql: VehicleRow.selectAll + " WHERE id = ?", arguments: [id.description])
        let vehicle = try row.map(VehicleRow.read)
        known[id] = vehicle
        return vehicle
    }

    /// What is known changes with the commit, and is read anew after a rollback.
    private func save(_ vehicle: StoredVehicle, _ db: Database) throws {
        db.afterNextTransaction(
            onCommit: { _ in known[vehicle.id] = vehicle },
            onRollback: { _ in known[vehicle.id] = nil })
        try VehicleRow.write(vehicle, db)
    }

    // MARK: The log that never leaves the car

    /// Lines kept per vehicle.
    static let logLimit = 1000

    /// Adds a line; its `id` is given here. Drops the oldest beyond the limit.
    func append(_ entry: CarAPI.LogEntry, of id: VehicleID) async throws {
        try await database.write { db in
            try db.execute(
                sql: "INSERT INTO log (vehicle, entry) VALUES (?, ?)",
                arguments: [id.description, try JSONEncoder().encode(entry)])
            try db.execute(
                sql: """
                    DELETE FROM log WHERE vehicle = ?1 AND id <= (
                        SELECT id FROM log WHERE vehicle = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
                    """, arguments: [id.description, Self.logLimit])
        }
    }

    /// The newest `limit` lines, newest first.
    func log(of id: VehicleID, limit: Int) async throws -> [CarAPI.LogEntry] {
        try await database.read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT id, entry FROM log WHERE vehicle = ? ORDER BY id DESC LIMIT ?",
                arguments: [id.description, limit])
            return try rows.map { row in
                var entry = try JSONDecoder().decode(CarAPI.LogEntry.self, from: row["entry"])
                entry.id = row["id"]
                return entry
            }
        }
    }

    // MARK: Reports

    /// The oldest reports that no broker confirmed, in order per vehicle.
    func unsentReports(limit: Int) async throws -> [QueuedReport] {
        try await database.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT vehicle, sequence, at, fact FROM report WHERE sent = 0
                    ORDER BY vehicle, sequence LIMIT ?
                    """, arguments: [limit])
            return try rows.map { row in
                QueuedReport(
                    vehicleId: try VehicleID(hex: row["vehicle"] as String),
                    sequence: row["sequence"], at: Instant(secondsSinceEpoch: row["at"]),
                    fact: try JSONDecoder().decode(VehicleReport.Fact.self, from: row["fact"]))
            }
        }
    }

    /// Confirmed reports kept per vehicle, for a broker that comes back empty.
    static let reportLimit = 1000

    /// The broker confirmed these. Drops the oldest confirmed ones beyond the limit.
    func markSent(_ reports: [QueuedReport], keeping limit: Int = reportLimit) async throws {
        try await database.write { db in
            for report in reports {
                try db.execute(
                    sql: "UPDATE report SET sent = 1 WHERE vehicle = ? AND sequence = ?",
                    arguments: [report.vehicleId.description, report.sequence])
            }
            for vehicle in Set(reports.map(\.vehicleId.description)) {
                try db.execute(
                    sql: """
                        DELETE FROM report WHERE vehicle = ?1 AND sent = 1 AND sequence <= (
                            SELECT sequence FROM report WHERE vehicle = ?1
                            ORDER BY sequence DESC LIMIT 1 OFFSET ?2)
                        """, arguments: [vehicle, limit])
            }
        }
    }

    /// The broker came back empty: everything still here is to be sent again.
    func markAllUnsent() async throws {
        try await database.write { try $0.execute(sql: "UPDATE report SET sent = 0") }
    }

    // MARK: Refused documents

    /// Whether a record with this digest was put aside before.
    func wasRefused(digest: [UInt8]) async throws -> Bool {
        try await database.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM refused WHERE digest = ?)",
                arguments: [Data(digest)]) ?? false
        }
    }

    /// Notes that a record was put aside.
    func noteRefused(digest: [UInt8], at now: Instant) async throws {
        try await database.write { db in
            try db.execute(
                sql: "INSERT OR IGNORE INTO refused (digest, at) VALUES (?, ?)",
                arguments: [Data(digest), now.secondsSinceEpoch])
        }
    }
}
