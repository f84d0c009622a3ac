// SPDX-License-Identifier: Apache-2.0

public import Postgres

/// Runs `body` with an empty database of its own, migrated when there are migrations; drops it
/// afterwards.
public func withScratchDatabase<Result>(
    schema: String? = nil, migrations: [Migration] = [], poolSize: Int = 8,
    _ body: (Database) async throws -> Result
) async throws -> Result {
    let scratch = try await ScratchDatabase.make()
    let database = Database(url: scratch.url, schema: schema, poolSize: poolSize)
    do {
        if !migrations.isEmpty {
            try await Migrator.migrate(database, schema: schema ?? "public", migrations)
        }
        let result = try await body(database)
        await database.close()
        try await scratch.drop()
        return result
    } catch {
        await database.close()
        try? await scratch.drop()
        throw error
    }
}

/// A database inside the shared cluster.
public struct ScratchDatabase: Sendable {
    /// What a service gets as DATABASE_URL.
    public let url: String
    private let name: String
    private let cluster: PostgresCluster

    /// An empty database.
    public static func make() async throws -> ScratchDatabase {
        let cluster = try await PostgresCluster.shared.value
        let name = "scratch_\(UInt64.random(in: 0 ... .max))"
        let maintenance = Database(url: cluster.url(), poolSize: 1)
        try await maintenance.command(SQL(trusted: "CREATE DATABASE \(name)"))
        await maintenance.close()
        return ScratchDatabase(url: cluster.url(database: name), name: name, cluster: cluster)
    }

    /// Drops it, whoever is still connected.
    public func drop() async throws {
        let maintenance = Database(url: cluster.url(), poolSize: 1)
        try await maintenance.command(SQL(trusted: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)"))
        await maintenance.close()
    }
}
