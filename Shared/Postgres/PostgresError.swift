// SPDX-License-Identifier: Apache-2.0

/// Why a call on the database failed. None of the cases carries a password, a parameter or a row.
public enum PostgresError: Error, Equatable, Sendable {
    /// No connection can be made, or it broke; nothing of the transaction happened. Map to 503.
    case unavailable(String)
    /// The connection broke while COMMIT was under way: it may or may not have happened.
    case commitUnknown
    /// All connections stayed in use for as long as a caller may wait. Map to 503.
    case busy
    /// The statement took longer than the statement timeout.
    case timeout
    /// The server refused; `sqlState` has five letters (PostgreSQL manual, appendix A).
    case server(sqlState: String, message: String, constraint: String?)
    /// A column is missing, null or of another type than asked for.
    case column(String)
    /// A parameter that PostgreSQL cannot take, such as text with a NUL.
    case parameter(String)
    /// More than `DatabaseSettings.maximumRows` rows.
    case tooManyRows
    /// The transaction was used after its closure had returned.
    case transactionEnded
    /// `Database.close()` was called.
    case closed
    /// The settings cannot be used.
    case settings(String)
    /// The migrations of this program and of the database do not fit.
    case migration(String)
}

extension PostgresError {
    /// A row with this key is there already (23505).
    public var isUniqueViolation: Bool { has(["23505"]) }
    /// Another transaction was in the way; running again may help (40001, 40P01, a stale plan).
    public var isRetryable: Bool { has(["40001", "40P01", "26000"]) || isStalePlan }
    /// The database is away or overloaded rather than refusing.
    public var isUnavailable: Bool {
        switch self {
        case .unavailable, .commitUnknown, .busy, .timeout: true
        // Class 57: shutting down; class 53: out of resources.
        case .server(let state, _, _): state.hasPrefix("57P") || state.hasPrefix("53")
        default: false
        }
    }
    /// A prepared statement outlived a change of its tables.
    var isStalePlan: Bool {
        guard case .server("0A000", let message, _) = self else { return false }
        return message.contains("cached plan")
    }

    private func has(_ states: [String]) -> Bool {
        guard case .server(let state, _, _) = self else { return false }
        return states.contains(state)
    }
}

extension PostgresError: CustomStringConvertible {
    /// For logs and people.
    public var description: String {
        switch self {
        case .unavailable(let why): "database unavailable: \(why)"
        case .commitUnknown: "database connection lost during COMMIT, outcome unknown"
        case .busy: "all database connections are in use"
        case .timeout: "database statement timed out"
        case .server(let state, let message, let constraint):
            "database refused (\(state)): \(message)" + (constraint.map { " [\($0)]" } ?? "")
        case .column(let why): "database column: \(why)"
        case .parameter(let why): "database parameter: \(why)"
        case .tooManyRows: "the query returned too many rows"
        case .transactionEnded: "the transaction has ended"
        case .closed: "the database is closed"
        case .settings(let why): "database settings: \(why)"
        case .migration(let why): "database migration: \(why)"
        }
    }
}
