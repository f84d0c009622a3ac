// SPDX-License-Identifier: Apache-2.0

/// One connection with its own thread, prepared statements and at most one transaction.
actor Connection {
    nonisolated let executor: BlockingExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let settings: DatabaseSettings
    private let link: Link
    private var prepared: [String: String] = [:]
    private var transaction = 0
    private var isInTransaction = false
    private var isUnusable = false

    /// Statements kept prepared; all are dropped when there are more.
    static let maximumPrepared = 256

    private init(settings: DatabaseSettings, executor: BlockingExecutor) throws(PostgresError) {
        self.settings = settings
        self.executor = executor
        link = try Link(settings: settings)
    }

    /// Connects on the thread of the new connection.
    static func open(_ settings: DatabaseSettings) async throws(PostgresError) -> Connection {
        try settings.check()
        let opener = Opener(executor: BlockingExecutor(label: "latchkey.postgres"))
        let connection = try await opener.open(settings)
        try await connection.prepareSession()
        return connection
    }

    /// Makes the blocking connect run on the thread that will own the connection.
    private actor Opener {
        let executor: BlockingExecutor
        nonisolated var unownedExecutor: UnownedSerialExecutor {
            executor.asUnownedSerialExecutor()
        }
        init(executor: BlockingExecutor) { self.executor = executor }
        func open(_ settings: DatabaseSettings) throws(PostgresError) -> Connection {
            try Connection(settings: settings, executor: executor)
        }
    }

    private func prepareSession() throws(PostgresError) {
        let schema = settings.schema ?? "public"
        let limit = max(1, settings.statementTimeout.milliseconds)
        _ = try link.run(
            script: """
                SET search_path TO \(schema); SET statement_timeout TO \(limit);
                SET idle_in_transaction_session_timeout TO \(limit * 6)
                """, by: .now + settings.connectTimeout)
    }

    /// Whether the pool may hand it out again.
    var isReusable: Bool { !isUnusable && !isInTransaction && !link.isBroken }

    /// Opens a transaction and returns its number.
    func begin(_ isolation: Isolation) throws(PostgresError) -> Int {
        _ = try run(within: nil) { (link, deadline) throws(PostgresError) in
            try link.run(script: "BEGIN ISOLATION LEVEL \(isolation.rawValue)", by: deadline)
        }
        transaction += 1
        isInTransaction = true
        return transaction
    }

    /// Commits, or throws if the server rolled back instead.
    func commit(_ number: Int) throws(PostgresError) {
        let answer: Answer
        do throws(PostgresError) {
            answer = try run(within: number) { (link, deadline) throws(PostgresError) in
                try link.run(script: "COMMIT", by: deadline)
            }
        } catch {
            guard error == .timeout || error.isUnavailable else { throw error }
            isUnusable = true
            throw .commitUnknown
        }
        isInTransaction = false
        guard answer.tag == "COMMIT" else {
            throw .server(
                sqlState: "25P02", message: "the transaction had failed and was rolled back",
                constraint: nil)
        }
    }

    /// Rolls back; a connection that cannot is not used again.
    func rollback(_ number: Int) {
        guard isInTransaction, number == transaction else { return }
        do {
            _ = try run(within: number) { (link, deadline) throws(PostgresError) in
                try link.run(script: "ROLLBACK", by: deadline)
            }
            isInTransaction = false
        } catch {
            isUnusable = true
        }
    }

    /// Runs one statement with parameters.
    func query(_ sql: SQL, within number: Int?, timeout: Duration? = nil) throws(PostgresError)
        -> Answer
    {
        let oids = sql.parameters.map(\.oid)
        let key = sql.text + "|" + oids.map(String.init).joined(separator: ",")
        return try run(within: number, timeout: timeout) {
            (link, deadline) throws(PostgresError) in
            let name = try statement(key, sql.text, oids, deadline)
            return try link.run(prepared: name, sql.parameters, by: deadline)
        }
    }

    /// Runs statements without parameters, separated by semicolons.
    func script(_ text: String, within number: Int?) throws(PostgresError) {
        _ = try run(within: number) { (link, deadline) throws(PostgresError) in
            try link.run(script: text, by: deadline)
        }
    }

    private func statement(
        _ key: String, _ text: String, _ oids: [UInt32], _ deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> String {
        if let name = prepared[key] { return name }
        if prepared.count >= Self.maximumPrepared { try forgetStatements(deadline) }
        let name = "s\(prepared.count)"
        try link.prepare(text, as: name, oids: oids, by: deadline)
        prepared[key] = name
        return name
    }

    private func forgetStatements(_ deadline: ContinuousClock.Instant) throws(PostgresError) {
        prepared = [:]
        _ = try link.run(script: "DEALLOCATE ALL", by: deadline)
    }

    private func run(
        within number: Int?, timeout: Duration? = nil,
        _ body: (Link, ContinuousClock.Instant) throws(PostgresError) -> Answer
    ) throws(PostgresError) -> Answer {
        guard number == nil || (isInTransaction && number == transaction) else {
            throw .transactionEnded
        }
        // The server ends a statement first; our own deadline is for a server that does not answer.
        let deadline = ContinuousClock.now + (timeout ?? settings.statementTimeout + .seconds(1))
        do throws(PostgresError) {
            return try body(link, deadline)
        } catch {
            switch error {
            case .unavailable, .tooManyRows: isUnusable = true
            case .timeout: isUnusable = ContinuousClock.now >= deadline || link.isBroken
            case _ where error.isStalePlan: isUnusable = true
            case .server("26000", _, _): isUnusable = true
            default: break
            }
            throw error
        }
    }
}

/// How far transactions are kept apart.
public enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    /// May fail with 40001; the transaction is then run again.
    case serializable = "SERIALIZABLE"
}

extension Duration {
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
