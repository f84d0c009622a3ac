// SPDX-License-Identifier: Apache-2.0

import Postgres
import TestKit
import Testing

@Suite struct MigratorTests {
    private let first = Migration(
        1, "cars", "CREATE TABLE cars (id int); CREATE TABLE keys (id int)")
    private let second = Migration(2, "names", "ALTER TABLE cars ADD name text")

    @Test func `migrations are applied once, in order, in their schema`() async throws {
        try await withScratchDatabase(schema: "registry") { database in
            #expect(try await Migrator.migrate(database, schema: "registry", [first]) == [1])
            #expect(try await Migrator.migrate(database, schema: "registry", [first]) == [])
            #expect(
                try await Migrator.migrate(database, schema: "registry", [first, second]) == [2])
            try await database.execute("INSERT INTO registry.cars VALUES (1, 'roadster')")
            #expect(try await database.query("SELECT name FROM cars").count == 1)
        }
    }

    @Test func `instances that start at once do not disturb one another`() async throws {
        try await withScratchDatabase(schema: "registry") { database in
            let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        try await Migrator.migrate(database, schema: "registry", [first, second])
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied == [1, 2])
        }
    }

    @Test func `a changed migration, a newer schema and a gap are refused`() async throws {
        try await withScratchDatabase { database in
            try await Migrator.migrate(database, schema: "public", [first, second])
            for wrong in [
                [Migration(1, "cars", "CREATE TABLE cars (id bigint)"), second], [first],
                [first, Migration(3, "gap", "SELECT 1")],
            ] {
                await #expect {
                    try await Migrator.migrate(database, schema: "public", wrong)
                } throws: {
                    if case .migration? = $0 as? PostgresError { true } else { false }
                }
            }
        }
    }

    @Test func `a migration that fails leaves nothing behind`() async throws {
        try await withScratchDatabase { database in
            let broken = Migration(2, "broken", "CREATE TABLE half (id int); SELECT nonsense")
            await #expect(throws: PostgresError.self) {
                try await Migrator.migrate(database, schema: "public", [first, broken])
            }
            let applied = try await Migrator.migrate(database, schema: "public", [first])
            #expect(applied == [1])
        }
    }
}
