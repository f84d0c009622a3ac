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
        if let user { try ChildProcess.output("/bin/chown", [user, sockets.path]) }
        if FileManager.default.fileExists(atPath: data.appending(path: "PG_VERSION").path) {
            return false
        }
        try makeCluster()
        return true
    }

    /// Makes the cluster beside its place and moves it there, so that there is a whole one or none.
    private func makeCluster() throws(StackError) {
        let fresh = URL(fileURLWithPath: data.path + ".new")
        try? FileManager.default.removeItem(at: fresh)
        try StateFolder.makeFolder(fresh, mode: 0o700)
        if let user { try ChildProcess.output("/bin/chown", [user, fresh.path]) }
        do {
            try run(
                "initdb",
                [
                    "-D", fresh.path, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                    "--locale=C.UTF-8", "--no-sync",
                ])
        } catch {
            try? FileManager.default.removeItem(at: fresh)
            guard case .commandFailed(_, let output) = error else { throw error }
            throw .file(path: data.path, reason: "initdb: \(output)")
        }
        guard rename(fresh.path, data.path) == 0 else {
            throw .file(path: data.path, reason: String(cString: strerror(errno)).lowercased())
        }
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
        let files = FileManager.default
        let versions = ((try? files.contentsOfDirectory(atPath: root.path)) ?? [])
            .compactMap { Int($0) }.sorted(by: >)
        let folders = versions.map { "\(root.path)/\($0)/bin" }
        // A machine may have the clients of one version and the server of another.
        guard let whole = folders.first(where: { files.isExecutableFile(atPath: $0 + "/initdb") })
        else { throw .missing(program: "the PostgreSQL server", package: "postgresql") }
        return whole
    }

    @discardableResult
    private func psql(_ url: String, _ statement: String) throws(StackError) -> String {
        try ChildProcess.output("\(programs)/psql", ["-qtA", "-d", url, "-c", statement])
    }

    private func run(_ program: String, _ arguments: [String]) throws(StackError) {
        let command = ["\(programs)/\(program)"] + arguments
        if let user {
            try ChildProcess.output(
                "/usr/bin/setpriv", Self.privileges(user) + command, name: program)
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
