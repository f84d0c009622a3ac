// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres
import TestKit
import Testing

@Suite struct OutageTests {
    @Test func `without a server calls fail typed, and without the password`() async throws {
        let database = Database(url: "postgresql://alice:hunter2@127.0.0.1:1/keys")
        await #expect {
            try await database.query("SELECT 1")
        } throws: {
            ($0 as? PostgresError)?.isUnavailable == true && !"\($0)".contains("hunter2")
        }
        await #expect(throws: PostgresError.self) { try await database.ping() }
        #expect(!"\(database.settings)".contains("hunter2"))
    }

    @Test(arguments: ["postgresql://alice:hunter2%zz@host/keys", "host='hunter2", "hunter2"])
    func `a URL that cannot be read is not repeated in the error`(_ url: String) async throws {
        let database = Database(url: url)
        await #expect { try await database.query("SELECT 1") } throws: {
            !"\($0)".contains("hunter2")
        }
    }

    @Test func `a server killed in mid-transaction loses it, and calls recover by themselves`()
        async throws
    {
        let cluster = try await PostgresCluster.start()
        defer { cluster.end() }
        let database = Database(url: cluster.url())
        try await database.execute("CREATE TABLE t (a int)")
        await #expect {
            try await database.transaction { transaction in
                try await transaction.execute("INSERT INTO t VALUES (1)")
                cluster.crash()
                try await eventually("the loss of the connection") {
                    do {
                        _ = try await transaction.query("SELECT 1")
                        return false
                    } catch PostgresError.unavailable { return true }
                }
                try await transaction.execute("INSERT INTO t VALUES (2)")
            }
        } throws: {
            ($0 as? PostgresError)?.isUnavailable == true
        }
        await #expect(throws: PostgresError.self) { try await database.ping() }
        try await cluster.restart()
        try await eventually("the database") {
            try await database.query("SELECT * FROM t").isEmpty
        }
        await database.close()
    }

    @Test func `a server that stops answering in mid-statement is given up in time`() async throws {
        let scratch = try await ScratchDatabase.make()
        var settings = DatabaseSettings(url: scratch.url, poolSize: 1)
        settings.statementTimeout = .milliseconds(300)
        let database = Database(settings)
        let start = ContinuousClock.now
        await #expect {
            try await database.transaction { transaction in
                let row = try await transaction.query("SELECT pg_backend_pid() AS pid").first
                let pid = pid_t(try row?.value("pid", as: Int.self) ?? 0)
                kill(pid, SIGSTOP)
                defer { kill(pid, SIGCONT) }
                try await transaction.query("SELECT 1")
            }
        } throws: {
            ($0 as? PostgresError)?.isUnavailable == true
        }
        #expect(.now - start < .seconds(60))
        try await eventually { try await database.query("SELECT 1 AS one").count == 1 }
        await database.close()
        try await scratch.drop()
    }

    @Test func `notifications arrive and come again after the server was away`() async throws {
        let cluster = try await PostgresCluster.start()
        defer { cluster.end() }
        let database = Database(url: cluster.url())
        var events = try database.listen("news").makeAsyncIterator()
        #expect(await events.next() == .listening)
        try await database.query("SELECT pg_notify('news', 'hello')")
        #expect(await events.next() == .payload("hello"))
        cluster.crash()
        #expect(await events.next() == .lost)
        try await cluster.restart()
        while let event = await events.next(), event != .listening { #expect(event == .lost) }
        try await eventually("a second notice") {
            try await database.query("SELECT pg_notify('news', 'again')")
            return true
        }
        #expect(await events.next() == .payload("again"))
        await database.close()
    }

    @Test func `a channel or schema with a quote in it is refused`() async throws {
        try await withScratchDatabase { database in
            #expect(throws: PostgresError.self) { try database.listen("a; DROP TABLE t") }
            await #expect(throws: PostgresError.self) {
                try await Migrator.migrate(database, schema: "a\"b", [])
            }
        }
    }
}
