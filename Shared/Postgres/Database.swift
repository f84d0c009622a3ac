// SPDX-License-Identifier: Apache-2.0

/// A PostgreSQL database: a pool of connections, each with a thread of its own.
///
/// Start with `transaction`. While the database is away every call fails within the connect timeout
/// with an error whose `isUnavailable` is true; once it is back, calls work again.
public final class Database: Sendable {
    /// How it is reached.
    public let settings: DatabaseSettings
    let pool: ConnectionPool

    /// Connects on first use.
    public init(_ settings: DatabaseSettings) {
        self.settings = settings
        pool = ConnectionPool(settings: settings)
    }

    /// Connects on first use to `url` with `schema` as search_path.
    public convenience init(url: String, schema: String? = nil, poolSize: Int = 8) {
        self.init(DatabaseSettings(url: url, schema: schema, poolSize: poolSize))
    }

    /// Runs `body` in one transaction: commits when it returns, rolls back when it throws, runs it
    /// again (5 times at most) after a serialization failure or a deadlock. So `body` must have no
    /// effect but on the database.
    @discardableResult
    public func transaction<Result>(
        _ isolation: Isolation = .readCommitted,
        _ body: (_ transaction: Transaction) async throws -> Result
    ) async throws -> Result {
        var attempt = 1
        while true {
            do {
                return try await once(isolation, body)
            } catch let error as PostgresError where error.isRetryable {
                guard attempt < DatabaseSettings.maximumAttempts else { throw error }
                attempt += 1
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...(10 << attempt))))
            }
        }
    }

    /// Runs one statement as a transaction of its own.
    @discardableResult
    public func query(_ sql: SQL, _ parameters: [PostgresValue] = []) async throws -> [Row] {
        try await transaction { try await $0.query(sql, parameters) }
    }

    /// Runs one statement as a transaction of its own; returns how many rows it touched.
    @discardableResult
    public func execute(_ sql: SQL, _ parameters: [PostgresValue] = []) async throws -> Int {
        try await transaction { try await $0.execute(sql, parameters) }
    }

    /// Runs one statement that PostgreSQL does not allow in a transaction, such as CREATE DATABASE.
    public func command(_ sql: SQL) async throws(PostgresError) {
        let connection = try await pool.take(timeout: settings.acquireTimeout)
        do {
            try await connection.script(sql.text, within: nil)
        } catch {
            await pool.give(connection)
            throw error
        }
        await pool.give(connection)
    }

    /// Whether the database answers within `timeout`; for readiness checks.
    public func ping(timeout: Duration = .milliseconds(250)) async throws(PostgresError) {
        let deadline = ContinuousClock.now + timeout
        // A resting connection may have died with the last server: the second try makes a fresh one.
        do {
            try await pingOnce(by: deadline)
        } catch .unavailable {
            try await pingOnce(by: deadline)
        }
    }

    /// Closes the resting connections; calls from now on throw `.closed`.
    public func close() async { await pool.close() }

    private func pingOnce(by deadline: ContinuousClock.Instant) async throws(PostgresError) {
        let connection = try await pool.take(timeout: deadline - .now)
        defer { giveBack(connection) }
        _ = try await connection.query("SELECT 1", within: nil, timeout: deadline - .now)
    }

    private func once<Result>(
        _ isolation: Isolation, _ body: (Transaction) async throws -> Result
    ) async throws -> Result {
        let (connection, number) = try await begin(isolation)
        do {
            let result = try await body(Transaction(connection: connection, number: number))
            try await connection.commit(number)
            await pool.give(connection)
            return result
        } catch {
            await connection.rollback(number)
            await pool.give(connection)
            throw error
        }
    }

    /// A connection with an open transaction. A resting connection may have died with the last
    /// server; nothing has happened yet, so a fresh one takes its place.
    private func begin(_ isolation: Isolation) async throws(PostgresError) -> (Connection, Int) {
        for isLast in [false, true] {
            let connection = try await pool.take(timeout: settings.acquireTimeout)
            do {
                return (connection, try await connection.begin(isolation))
            } catch {
                await pool.give(connection)
                guard case .unavailable = error, !isLast else { throw error }
            }
        }
        throw .busy
    }

    private func giveBack(_ connection: Connection) {
        let pool = pool
        Task { await pool.give(connection) }
    }
}

/// An open transaction; of no use after its closure has returned.
public struct Transaction: Sendable {
    let connection: Connection
    let number: Int

    /// Runs one statement: `query("SELECT … WHERE id = \(id)")`, or `$1` with `parameters`.
    @discardableResult
    public func query(_ sql: SQL, _ parameters: [PostgresValue] = []) async throws(PostgresError)
        -> [Row]
    {
        try await connection.query(sql.adding(parameters), within: number).rows
    }

    /// Runs one statement; returns how many rows it touched.
    @discardableResult
    public func execute(_ sql: SQL, _ parameters: [PostgresValue] = [])
        async throws(PostgresError) -> Int
    {
        try await connection.query(sql.adding(parameters), within: number).affected
    }

    /// Runs statements without parameters, separated by semicolons; for migrations.
    public func script(_ sql: SQL) async throws(PostgresError) {
        guard sql.parameters.isEmpty else { throw .parameter("a script takes no parameters") }
        try await connection.script(sql.text, within: number)
    }
}
