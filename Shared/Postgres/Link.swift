// SPDX-License-Identifier: Apache-2.0

internal import CLibPQ
internal import Glibc

/// The one owner of a PGconn; every wait on the server has a deadline.
///
/// libpq runs in non-blocking mode and `poll` waits, so that a frozen server or a dead network
/// cannot hold a thread longer than the deadline.
final class Link {
    typealias Deadline = ContinuousClock.Instant
    private let handle: OpaquePointer

    /// Connects; the URL is never part of an error.
    init(settings: DatabaseSettings) throws(PostgresError) {
        let pairs = [
            ("dbname", settings.url), ("application_name", settings.applicationName),
            ("client_encoding", "UTF8"), ("keepalives_idle", "30"), ("tcp_user_timeout", "30000"),
        ]
        let keys: [UnsafeMutablePointer<CChar>?] = pairs.map { strdup($0.0) }
        let values: [UnsafeMutablePointer<CChar>?] = pairs.map { strdup($0.1) }
        defer { (keys + values).forEach { free($0) } }
        let started = (keys.map { UnsafePointer($0) } + [nil]).withUnsafeBufferPointer { keys in
            (values.map { UnsafePointer($0) } + [nil]).withUnsafeBufferPointer { values in
                PQconnectStartParams(keys.baseAddress, values.baseAddress, 1)
            }
        }
        guard let started else { throw .unavailable("out of memory") }
        handle = started
        try finishConnecting(by: .now + settings.connectTimeout)
        PQsetnonblocking(handle, 1)
        // Notices would go to stderr, outside the log.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
    }

    deinit { PQfinish(handle) }

    private func finishConnecting(by deadline: Deadline) throws(PostgresError) {
        var state = PGRES_POLLING_WRITING
        // Before there is a socket only the settings can be wrong, and libpq quotes them.
        if PQstatus(handle) == CONNECTION_BAD {
            throw PQsocket(handle) < 0 && PQhost(handle) == nil
                ? .settings("the database URL cannot be read") : connectFailure
        }
        while state != PGRES_POLLING_OK {
            guard state != PGRES_POLLING_FAILED else { throw connectFailure }
            try wait(for: state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until: deadline)
            state = PQconnectPoll(handle)
        }
    }

    /// The reason without anything libpq quotes from the settings.
    private var connectFailure: PostgresError {
        let text = String(cString: PQerrorMessage(handle))
        let known = [
            "Connection refused", "No such file or directory", "password authentication failed",
            "starting up", "shutting down", "too many clients", "too many connections",
            "does not exist", "could not translate host name", "no pg_hba.conf entry",
            "Permission denied", "timeout", "closed the connection", "SSL", "certificate",
        ]
        return .unavailable(known.first { text.contains($0) } ?? "cannot connect")
    }

    var isBroken: Bool { PQstatus(handle) != CONNECTION_OK }

    /// Runs `text` without parameters; several statements are allowed.
    func run(script text: String, by deadline: Deadline) throws(PostgresError) -> Answer {
        try check(PQsendQuery(handle, text))
        return try answer(by: deadline)
    }

    /// Prepares `text` as `name`.
    func prepare(_ text: String, as name: String, oids: [UInt32], by deadline: Deadline)
        throws(PostgresError)
    {
        try check(PQsendPrepare(handle, name, text, Int32(oids.count), oids))
        _ = try answer(by: deadline)
    }

    /// Runs the statement prepared as `name`; results come in binary.
    func run(prepared name: String, _ parameters: [PostgresValue], by deadline: Deadline)
        throws(PostgresError) -> Answer
    {
        var wires: [[UInt8]?] = []
        for parameter in parameters { wires.append(try parameter.wire()) }
        // One buffer that stays in place during the call, and a pointer into it per value.
        let joined: [UInt8] = wires.flatMap { $0 ?? [] } + [0]
        let sent = joined.withUnsafeBytes { buffer in
            var offset = 0
            var pointers: [UnsafePointer<CChar>?] = []
            for wire in wires {
                let start = buffer.baseAddress.map { $0 + offset }
                pointers.append(
                    wire == nil ? nil : start?.assumingMemoryBound(to: CChar.self))
                offset += wire?.count ?? 0
            }
            return PQsendQueryPrepared(
                handle, name, Int32(parameters.count), pointers,
                wires.map { Int32($0?.count ?? 0) }, parameters.map { $0.isBinary ? 1 : 0 }, 1)
        }
        try check(sent)
        return try answer(by: deadline)
    }

    /// Waits for notifications at most until `deadline`; returns their payloads.
    func notifications(by deadline: Deadline) throws(PostgresError) -> [String] {
        do {
            try wait(for: POLLIN, until: deadline)
        } catch .timeout {
            return []
        }
        guard PQconsumeInput(handle) == 1 else { throw lost }
        var payloads: [String] = []
        while let notice = PQnotifies(handle) {
            payloads.append(notice.pointee.extra.map { String(cString: $0) } ?? "")
            PQfreemem(notice)
        }
        return payloads
    }

    private func answer(by deadline: Deadline) throws(PostgresError) -> Answer {
        while PQflush(handle) == 1 {
            try wait(for: POLLIN | POLLOUT, until: deadline)
            guard PQconsumeInput(handle) == 1 else { throw lost }
        }
        var last: Result<Answer, PostgresError> = .success(Answer())
        while true {
            while PQisBusy(handle) == 1 {
                try wait(for: POLLIN, until: deadline)
                guard PQconsumeInput(handle) == 1 else { throw lost }
            }
            guard let result = PQgetResult(handle) else { break }
            defer { PQclear(result) }
            if case .failure = last { continue }
            do throws(PostgresError) {
                last = .success(try Answer(result))
            } catch {
                last = .failure(error)
            }
        }
        if case .failure(.server) = last {} else if isBroken { throw lost }
        return try last.get()
    }

    private var lost: PostgresError { .unavailable("the connection was lost") }

    private func check(_ sent: Int32) throws(PostgresError) {
        guard sent == 1 else { throw isBroken ? lost : .parameter("libpq refused the call") }
    }

    private func wait(for events: Int32, until deadline: Deadline) throws(PostgresError) {
        var entry = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
        guard entry.fd >= 0 else { throw lost }
        while true {
            let (seconds, attoseconds) = (deadline - .now).components
            guard seconds >= 0, attoseconds >= 0 else { throw .timeout }
            let milliseconds = min(seconds, 60) * 1000 + attoseconds / 1_000_000_000_000_000 + 1
            switch poll(&entry, 1, Int32(milliseconds)) {
            case 1: return
            case 0: continue
            default: guard errno == EINTR else { throw lost }
            }
        }
    }
}

/// What a statement gave back.
struct Answer: Sendable {
    var rows: [Row] = []
    var affected = 0
    var tag = ""

    init() {}

    /// Copies a PGresult, or throws its error.
    init(_ result: OpaquePointer) throws(PostgresError) {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
        default: throw Self.error(of: result)
        }
        let count = PQntuples(result)
        guard count <= DatabaseSettings.maximumRows else { throw .tooManyRows }
        tag = String(cString: PQcmdStatus(result))
        affected = Int(String(cString: PQcmdTuples(result))) ?? 0
        let fields = 0..<PQnfields(result)
        let columns = Columns(
            names: fields.map { PQfname(result, $0).map { String(cString: $0) } ?? "" },
            types: fields.map { PQftype(result, $0) })
        rows = (0..<count).map { row in
            Row(columns: columns, cells: fields.map { Self.cell(result, row, $0) })
        }
    }

    private static func cell(_ result: OpaquePointer, _ row: Int32, _ field: Int32) -> [UInt8]? {
        guard PQgetisnull(result, row, field) == 0 else { return nil }
        let start = UnsafeRawPointer(PQgetvalue(result, row, field))
        return Array(
            UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, row, field))))
    }

    private static func error(of result: OpaquePointer) -> PostgresError {
        guard let state = latchkey_pq_sqlstate(result).map({ String(cString: $0) }) else {
            return .unavailable("the connection was lost")
        }
        // Class 22 quotes the value it did not like.
        let message =
            state.hasPrefix("22")
            ? "invalid value" : latchkey_pq_primary(result).map { String(cString: $0) } ?? ""
        switch state {
        // query_canceled by statement_timeout.
        case "57014": return .timeout
        // The server ends this connection: shutdown, crash, not up yet.
        case "57P01", "57P02", "57P03": return .unavailable(message)
        default:
            return .server(
                sqlState: state, message: message,
                constraint: latchkey_pq_constraint(result).map { String(cString: $0) })
        }
    }
}
