// SPDX-License-Identifier: Apache-2.0

/// How to reach a database and how long to wait for it. Prints without its URL.
public struct DatabaseSettings: Sendable, CustomStringConvertible, CustomReflectable {
    /// `postgresql://user:password@host:port/database`, or libpq's `key=value` form; secret.
    public var url: String
    /// The schema of the service, set as search_path; `public` when none.
    public var schema: String?
    /// Connections at most.
    public var poolSize: Int
    /// Longest time to open a connection.
    public var connectTimeout: Duration
    /// Longest time to wait for a free connection.
    public var acquireTimeout: Duration
    /// Longest time of one statement.
    public var statementTimeout: Duration
    /// Shown in pg_stat_activity.
    public var applicationName: String

    /// Rows one query may return.
    public static let maximumRows = 100_000
    /// Runs of a transaction that meets a serialization failure or a deadlock.
    public static let maximumAttempts = 5
    /// Longest pause between attempts to connect.
    public static let maximumBackOff = Duration.seconds(2)

    /// Describes a database.
    public init(
        url: String, schema: String? = nil, poolSize: Int = 8,
        connectTimeout: Duration = .seconds(3), acquireTimeout: Duration = .seconds(5),
        statementTimeout: Duration = .seconds(10), applicationName: String = "latchkey"
    ) {
        self.url = url
        self.schema = schema
        self.poolSize = poolSize
        self.connectTimeout = connectTimeout
        self.acquireTimeout = acquireTimeout
        self.statementTimeout = statementTimeout
        self.applicationName = applicationName
    }

    /// No URL, because it may hold a password.
    public var description: String { "database(schema: \(schema ?? "public"), <redacted>)" }
    /// Nothing to dump either.
    public var customMirror: Mirror { Mirror(self, children: ["schema": schema ?? "public"]) }

    func check() throws(PostgresError) {
        guard poolSize >= 1 else { throw .settings("the pool needs at least one connection") }
        if let schema { try Self.check(identifier: schema) }
    }

    /// Lower-case letters, digits and `_`, 63 at most: needs no quoting and hides nothing.
    static func check(identifier: String) throws(PostgresError) {
        let letters = identifier.utf8
        let starts = letters.first.map { (97...122).contains($0) || $0 == 95 } ?? false
        let good = letters.allSatisfy {
            (97...122).contains($0) || (48...57).contains($0) || $0 == 95
        }
        guard starts, good, letters.count <= 63 else {
            throw .settings("'\(identifier)' is no name of lower-case letters, digits and _")
        }
    }
}
