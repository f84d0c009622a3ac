// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres
import Synchronization
import TestKit
import Testing

@Suite struct QueryTests {
    @Test func `every kind of value comes back as it was sent`() async throws {
        try await withScratchDatabase { database in
            let id = UUID()
            let texts = Texts(["plain", "", "with \"quotes\" and \\", "a,b{}", "ä€🚗"])
            let rows = try await database.query(
                """
                SELECT \("it's")::text AS text, \(Int64.min)::bigint AS low, \(-5)::int AS small,
                    \(true)::boolean AS yes, \([0, 255, 39] as [UInt8]) AS bytes, \(id)::uuid AS id,
                    \(Milliseconds(-1)) AS time, \(texts)::text[] AS texts,
                    \(PostgresValue.json(#"{"a": 1}"#))::jsonb AS json, \(0.25)::float8 AS quarter,
                    \(PostgresValue.null)::text AS nothing, \(Texts([]))::text[] AS none
                """)
            let row = try #require(rows.first)
            #expect(try row.value("text") == "it's")
            #expect(try row.value("low") == Int64.min)
            #expect(try row.value("small") == -5)
            #expect(try row.value("yes") == true)
            #expect(try row.value("bytes") == [0, 255, 39] as [UInt8])
            #expect(try row.value("id") == id)
            #expect(try row.value("time") == Milliseconds(-1))
            #expect(try row.value("texts") == texts)
            #expect(try row.value("json") == #"{"a": 1}"#)
            #expect(try row.value("quarter") == 0.25)
            #expect(try row.value("nothing", as: String?.self) == nil)
            #expect(try row.value("none") == Texts([]))
        }
    }

    @Test func `a column that is missing, null or of another type is a clear error`() async throws {
        try await withScratchDatabase { database in
            let row = try #require(
                try await database.query("SELECT 1::int AS one, NULL::text AS none").first)
            #expect(throws: PostgresError.column("there is no column 'two'")) {
                try row.value("two", as: Int.self)
            }
            #expect(throws: PostgresError.column("'one' is type 23, not text")) {
                try row.value("one", as: String.self)
            }
            #expect(throws: PostgresError.column("'none' is null, not text")) {
                try row.value("none", as: String.self)
            }
        }
    }

    @Test(arguments: [
        "'; DROP TABLE keys; --", "\\'; DROP TABLE keys; --", "$1", "\" OR 1=1", "%_", "𝕊\u{2019}",
    ]) func `hostile text stays text`(_ hostile: String) async throws {
        try await withScratchDatabase { database in
            try await database.execute("CREATE TABLE keys (name text)")
            try await database.execute("INSERT INTO keys VALUES (\(hostile))")
            try await database.execute("INSERT INTO keys VALUES ($1)", [.text(hostile)])
            let found = try await database.query("SELECT name FROM keys WHERE name = \(hostile)")
            #expect(try found.map { try $0.value("name", as: String.self) } == [hostile, hostile])
        }
    }

    @Test func `text with a NUL is refused instead of cut`() async throws {
        try await withScratchDatabase { database in
            await #expect(throws: PostgresError.parameter("text with a NUL")) {
                try await database.query("SELECT \("admin\u{0}x")::text")
            }
            let rows = try await database.query("SELECT 1 AS one")
            #expect(rows.count == 1)
        }
    }

    @Test func `more statements than are kept prepared still work`() async throws {
        try await withScratchDatabase(poolSize: 1) { database in
            for number in 0..<600 {
                let rows = try await database.query(
                    SQL(trusted: "SELECT \(number)::int AS a\(number % 300)"))
                #expect(rows.count == 1)
            }
        }
    }

    @Test func `a statement prepared before its table changed is prepared again`() async throws {
        try await withScratchDatabase(poolSize: 1) { database in
            try await database.execute("CREATE TABLE t (a int)")
            #expect(try await database.query("SELECT * FROM t").isEmpty)
            try await database.execute("ALTER TABLE t ADD b int")
            try await database.execute("INSERT INTO t VALUES (1, 2)")
            #expect(try await database.query("SELECT * FROM t").first?.names == ["a", "b"])
        }
    }
}

@Suite struct TransactionTests {
    private struct Refused: Error {}

    @Test func `what a throwing transaction did never happened`() async throws {
        try await withScratchDatabase { database in
            try await database.execute("CREATE TABLE t (a int)")
            await #expect(throws: Refused.self) {
                try await database.transaction { transaction in
                    try await transaction.execute("INSERT INTO t VALUES (1)")
                    throw Refused()
                }
            }
            #expect(try await database.query("SELECT * FROM t").isEmpty)
        }
    }

    @Test func `a transaction is of no use after its end`() async throws {
        try await withScratchDatabase(poolSize: 1) { database in
            let kept = try await database.transaction { $0 }
            await #expect(throws: PostgresError.transactionEnded) {
                try await kept.query("SELECT 1")
            }
            try await database.transaction { _ in
                await #expect(throws: PostgresError.transactionEnded) {
                    try await kept.query("SELECT 1")
                }
            }
        }
    }

    @Test func `swallowing the error of a statement does not commit the rest`() async throws {
        try await withScratchDatabase { database in
            try await database.execute("CREATE TABLE t (a int PRIMARY KEY)")
            await #expect {
                try await database.transaction { transaction in
                    try await transaction.execute("INSERT INTO t VALUES (1)")
                    _ = try? await transaction.execute("INSERT INTO t VALUES (1)")
                }
            } throws: {
                if case .server("25P02", _, _)? = $0 as? PostgresError { true } else { false }
            }
            #expect(try await database.query("SELECT * FROM t").isEmpty)
        }
    }

    @Test func `a unique violation names its constraint`() async throws {
        try await withScratchDatabase { database in
            try await database.execute("CREATE TABLE t (a int CONSTRAINT only_one PRIMARY KEY)")
            try await database.execute("INSERT INTO t VALUES (1)")
            await #expect {
                try await database.execute("INSERT INTO t VALUES (1)")
            } throws: {
                guard let error = $0 as? PostgresError, error.isUniqueViolation,
                    case .server(_, _, "only_one") = error
                else { return false }
                return true
            }
        }
    }

    @Test func `serialization failures are run again until all increments count`() async throws {
        try await withScratchDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            try await database.execute("INSERT INTO t VALUES (0)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await database.transaction(.serializable) { transaction in
                            let n: Int = try #require(
                                try await transaction.query("SELECT n FROM t").first
                            ).value("n")
                            try await transaction.execute("UPDATE t SET n = \(n + 1)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let row = try #require(try await database.query("SELECT n FROM t").first)
            #expect(try row.value("n") == 4)
        }
    }

    @Test func `a slow statement times out and the connection goes on`() async throws {
        let scratch = try await ScratchDatabase.make()
        var settings = DatabaseSettings(url: scratch.url, poolSize: 1)
        settings.statementTimeout = .milliseconds(200)
        let database = Database(settings)
        await #expect(throws: PostgresError.timeout) {
            try await database.query("SELECT pg_sleep(5)")
        }
        #expect(try await database.query("SELECT 1 AS one").count == 1)
        await database.close()
        try await scratch.drop()
    }

    @Test func `a caller waits for a connection, but not for ever`() async throws {
        let scratch = try await ScratchDatabase.make()
        var settings = DatabaseSettings(url: scratch.url, poolSize: 1)
        settings.acquireTimeout = .milliseconds(150)
        let database = Database(settings)
        try await database.transaction { _ in
            await #expect(throws: PostgresError.busy) { try await database.query("SELECT 1") }
        }
        #expect(try await database.query("SELECT 1 AS one").count == 1)
        await database.close()
        await #expect(throws: PostgresError.closed) { try await database.query("SELECT 1") }
        try await scratch.drop()
    }

    @Test func `more callers than connections all get their turn`() async throws {
        try await withScratchDatabase(poolSize: 3) { database in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        try #require(
                            try await database.query("SELECT \(number)::int AS n").first
                        ).value("n")
                    }
                }
                let sum = try await group.reduce(0, +)
                #expect(sum == 4950)
            }
        }
    }
}
