// SPDX-License-Identifier: Apache-2.0

/// One step of a schema; never edited once it was released.
public struct Migration: Sendable {
    /// 1, 2, 3 ...
    public let number: Int
    /// For people.
    public let name: String
    /// Statements separated by semicolons.
    public let sql: String

    /// Describes a step.
    public init(_ number: Int, _ name: String, _ sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
    }
}

/// Brings a schema to the newest migration.
public enum Migrator {
    /// Applies in one transaction what is missing, in order. Safe to call at every start and from
    /// several instances at once. Refuses a migration that was changed after it was applied, and
    /// a schema that is ahead of this program.
    /// - Returns: the numbers applied now.
    @discardableResult
    public static func migrate(
        _ database: Database, schema: String, _ migrations: [Migration]
    ) async throws -> [Int] {
        try DatabaseSettings.check(identifier: schema)
        guard migrations.map(\.number) == Array(1..<(migrations.count + 1)) else {
            throw PostgresError.migration("migrations must be numbered 1, 2, 3 ...")
        }
        // Longer than a service may wait for a statement.
        var patient = database.settings
        patient.poolSize = 1
        patient.statementTimeout = .seconds(600)
        let own = Database(patient)
        do {
            let applied = try await migrate(own, in: schema, migrations)
            await own.close()
            return applied
        } catch {
            await own.close()
            throw error
        }
    }

    private static func migrate(
        _ database: Database, in schema: String, _ migrations: [Migration]
    ) async throws -> [Int] {
        try await database.transaction { transaction in
            // One instance at a time; the lock ends with the transaction.
            try await transaction.query(
                "SELECT pg_advisory_xact_lock(hashtext('latchkey.migrate'), hashtext(\(schema)))")
            try await prepare(schema, transaction)
            let applied = try await transaction.query(
                "SELECT number, name, sql FROM migrations ORDER BY number")
            try check(applied, against: migrations, schema: schema)
            let missing = migrations.dropFirst(applied.count)
            for migration in missing {
                try await apply(migration, transaction)
            }
            return missing.map(\.number)
        }
    }

    private static func prepare(_ schema: String, _ transaction: Transaction) async throws {
        // CREATE … IF NOT EXISTS would need the right to create even when there is nothing to do.
        let found = try await transaction.query(
            "SELECT 1 AS one FROM pg_namespace WHERE nspname = \(schema)")
        if found.isEmpty { try await transaction.script(SQL(trusted: "CREATE SCHEMA \(schema)")) }
        try await transaction.script(
            SQL(
                trusted: """
                    SET LOCAL search_path TO \(schema);
                    CREATE TABLE IF NOT EXISTS migrations (
                        number integer PRIMARY KEY, name text NOT NULL, sql text NOT NULL,
                        applied_at timestamptz NOT NULL DEFAULT now())
                    """))
    }

    private static func check(_ applied: [Row], against ours: [Migration], schema: String) throws {
        for (index, row) in applied.enumerated() {
            let (number, name): (Int, String) = (try row.value("number"), try row.value("name"))
            guard number == index + 1 else {
                throw PostgresError.migration("\(schema): \(index + 1) is missing in the database")
            }
            guard ours.indices.contains(index) else {
                throw PostgresError.migration(
                    "\(schema) is at \(number) (\(name)), this program knows up to \(ours.count)")
            }
            guard try row.value("sql") == ours[index].sql else {
                throw PostgresError.migration(
                    "\(schema): \(number) (\(name)) was changed after it was applied")
            }
        }
    }

    private static func apply(_ migration: Migration, _ transaction: Transaction) async throws {
        do {
            try await transaction.script(SQL(trusted: migration.sql))
        } catch .server(let state, let message, _) {
            throw PostgresError.migration(
                "\(migration.number) (\(migration.name)) failed (\(state)): \(message)")
        }
        try await transaction.execute(
            """
            INSERT INTO migrations (number, name, sql)
            VALUES (\(migration.number), \(migration.name), \(migration.sql))
            """)
    }
}
