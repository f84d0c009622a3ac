// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Postgres
internal import Synchronization

/// A PostgreSQL server of our own in a temporary folder, reached by a unix socket; gone with the
/// test process, however that ends.
public final class PostgresCluster: Sendable {
    /// One server for all tests of a process that leave it alone.
    public static let shared = Task { try await PostgresCluster.start() }

    private let folder: String
    private let process = Mutex<Process?>(nil)
    private let input = Mutex<Pipe?>(nil)

    /// A server for one test that does harm to it.
    public static func start() async throws -> PostgresCluster {
        let cluster = PostgresCluster()
        try cluster.run(initializing: true)
        try await cluster.waitUntilReady()
        return cluster
    }

    private init() { folder = "/tmp/latchkey-pg-\(UInt32.random(in: 0 ... .max))" }

    deinit { end() }

    /// `postgresql://latchkey@/NAME?host=FOLDER`.
    public func url(database: String = "postgres") -> String {
        "postgresql://latchkey@/\(database)?host=\(folder)"
    }

    /// kill -9 for the server and all its connections.
    public func crash() { signalServer(SIGKILL) }

    /// Starts again after `crash`.
    public func restart() async throws {
        end(removing: false)
        // Orphans of the crash hold the shared memory for up to two seconds.
        try await eventually("the server's second start") {
            try run(initializing: false)
            do {
                try await waitUntilReady(within: .seconds(2))
                return true
            } catch {
                end(removing: false)
                throw error
            }
        }
    }

    /// Ends the server and removes its folder.
    public func end(removing: Bool = true) {
        signalServer(SIGQUIT)
        if let shell = process.withLock({ $0 }) {
            kill(shell.processIdentifier, SIGKILL)
            // Not waitUntilExit, which spins the run loop of this thread.
            while shell.isRunning { usleep(2_000) }
        }
        process.withLock { $0 = nil }
        input.withLock { $0 = nil }
        if removing {
            try? FileManager.default.removeItem(atPath: folder)
            try? FileManager.default.removeItem(atPath: "\(folder).log")
        }
    }

    private func signalServer(_ signal: Int32) {
        let path = "\(folder)/data/postmaster.pid"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let pid = text.split(separator: "\n").first.flatMap({ pid_t($0) }), pid > 1
        else { return }
        kill(pid, signal)
    }

    private func waitUntilReady(within limit: Duration = .seconds(30)) async throws {
        let database = Database(url: url(), poolSize: 1)
        try await eventually("PostgreSQL", within: limit) {
            try await database.ping(timeout: .seconds(1))
            return true
        }
        await database.close()
    }

    /// The shell waits for the end of its input, which comes when we close it or die.
    private func run(initializing: Bool) throws {
        let user = getuid() == 0 ? (getpwnam("postgres") == nil ? "nobody" : "postgres") : nil
        let become =
            user.map { "setpriv --reuid=\($0) --regid=$(id -g \($0)) --clear-groups" } ?? ""
        let initialize = """
            mkdir -m 700 '\(folder)'; \(user.map { "chown \($0) '\(folder)'" } ?? "true")
            \(become) "$bin/initdb" -D '\(folder)/data' -U latchkey -A trust --no-sync -E UTF8 \
            --locale=C.UTF-8 > /dev/null || exit 1
            """
        let script = """
            cd /tmp
            bin=$(pg_config --bindir 2>/dev/null)
            [ -x "$bin/initdb" ] || bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
            \(initializing ? initialize : "")
            \(become) "$bin/postgres" -D '\(folder)/data' -k '\(folder)' -c listen_addresses= \
            -c fsync=off -c full_page_writes=off -c max_connections=300 > '\(folder).log' 2>&1 < /dev/null &
            server=$!
            read -r nothing
            kill -QUIT $server 2>/dev/null
            wait $server
            rm -rf '\(folder)' '\(folder).log'
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        let pipe = Pipe()
        // Else servers started later would keep this one's input open.
        _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        process.standardInput = pipe
        try process.run()
        self.process.withLock { $0 = process }
        input.withLock { $0 = pipe }
    }
}
