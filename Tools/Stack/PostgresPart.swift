// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A private PostgreSQL cluster on a unix socket, one schema and one role per service.
struct PostgresPart: Sendable {
    let data: URL
    let sockets: URL
    private let programs: String
    /// PostgreSQL refuses to run as root, so root runs it as this user.
    private let user: String?

    init(folder: StateFolder) throws(StackError) {
        programs = try Self.findPrograms()
        user = geteuid() == 0 ? "postgres" : nil
        sockets = folder.sockets.appending(path: "postgres", directoryHint: .isDirectory)
        let own = folder.url.appending(path: "postgres", directoryHint: .isDirectory)
        if let user, !Self.canReach(folder.url, as: user) {
            // The state folder lies where the database user may not go (such as /root).
            data = URL(fileURLWithPath: "/var/lib/latchkey/\(folder.sockets.lastPathComponent)")
        } else {
            data = own
        }
    }

    /// A connection URL for `role` (a service), which sees its own schema only.
    func url(role: String) -> String {
        "postgresql://\(role)@/latchkey?host=\(sockets.path)"
    }

    private var superuserURL: String { url(role: "postgres") }

    /// Makes the cluster when it does not exist; returns whether it did.
    func prepare() throws(StackError) -> Bool {
        try StateFolder.makeFolder(sockets)
        try StateFolder.makeFolder(data, mode: 0o700)
        if let user {
            try ChildProcess.output("/bin/chown", [user, data.path, sockets.path])
        }
        if FileManager.default.fileExists(atPath: data.appending(path: "PG_VERSION").path) {
            return false
        }
        try run(
            "initdb",
            [
                "-D", data.path, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                "--locale=C.UTF-8", "--no-sync",
            ])
        return true
    }

    /// The server as a child of the stack.
    var command: ChildProcess.Command {
        let server = [
            "\(programs)/postgres", "-D", data.path, "-k", sockets.path, "-c", "listen_addresses=",
            "-c", "max_connections=200", "-c", "log_line_prefix=%m ",
        ]
        guard let user else {
            return .init(program: server[0], arguments: Array(server.dropFirst()))
        }
        return .init(program: "/usr/bin/setpriv", arguments: Self.privileges(user) + server)
    }

    /// Whether it answers queries.
    var isReady: Bool {
        (try? ChildProcess.output(
            "\(programs)/psql",
            [
                "-qtA", "-d", "postgresql://postgres@/postgres?host=\(sockets.path)", "-c",
                "select 1",
            ]))
            != nil
    }

    /// Makes the database, and per service a role and a schema that no other role may use.
    func createSchemas() throws(StackError) {
        let maintenance = "postgresql://postgres@/postgres?host=\(sockets.path)"
        let exists = try psql(maintenance, "select 1 from pg_database where datname = 'latchkey'")
        if !exists.contains("1") { try psql(maintenance, "create database latchkey") }
        try Self.createSchemas(psql: "\(programs)/psql", url: superuserURL, roles: true)
    }

    /// The same on a server that somebody else runs; `roles` when its user may create roles.
    static func createSchemas(psql: String, url: String, roles: Bool) throws(StackError) {
        for schema in BackEndService.allCases.compactMap(\.schema) {
            var statements =
                roles
                ? "do $$ begin create role \(schema) login; exception when duplicate_object then null; end $$;"
                : ""
            statements +=
                "create schema if not exists \(schema)\(roles ? " authorization \(schema)" : "");"
            if roles {
                statements += "revoke all on schema \(schema) from public;"
                statements += "alter role \(schema) set search_path = \(schema);"
            }
            try ChildProcess.output(
                psql, ["-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statements])
        }
    }

    static func findPrograms() throws(StackError) -> String {
        let root = URL(fileURLWithPath: "/usr/lib/postgresql")
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        let newest = versions.compactMap { Int($0) }.max()
        guard let newest else { throw .missing(program: "PostgreSQL", package: "postgresql") }
        return "\(root.path)/\(newest)/bin"
    }

    @discardableResult
    private func psql(_ url: String, _ statement: String) throws(StackError) -> String {
        try ChildProcess.output("\(programs)/psql", ["-qtA", "-d", url, "-c", statement])
    }

    private func run(_ program: String, _ arguments: [String]) throws(StackError) {
        let command = ["\(programs)/\(program)"] + arguments
        if let user {
            try ChildProcess.output("/usr/bin/setpriv", Self.privileges(user) + command)
        } else {
            try ChildProcess.output(command[0], arguments)
        }
    }

    private static func privileges(_ user: String) -> [String] {
        ["--reuid=\(user)", "--regid=\(user)", "--init-groups"]
    }

    private static func canReach(_ folder: URL, as user: String) -> Bool {
        (try? ChildProcess.output(
            "/usr/bin/setpriv", privileges(user) + ["/usr/bin/test", "-x", folder.path])) != nil
    }
}
