// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One running pcscd that was handed its listening socket as file 3, as systemd would do it.
final class PcscdProcess: Sendable {
    private let pid: pid_t
    private let socket: String

    init(socket path: String, config: String, log: String) throws {
        socket = path
        let listener = try Self.listen(at: path)
        defer { close(listener) }
        // LISTEN_PID must be the pid of the daemon itself: the shell has it before exec.
        let script =
            "\(Self.preload)LISTEN_PID=$$ LISTEN_FDS=1 exec pcscd --foreground --auto-exit -c '\(config)' "
            + ">>'\(log)' 2>&1"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, listener, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: Ctrl-C at the tests must not end it before they do.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let path = "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
        let arguments = Self.strings(["/bin/sh", "-c", script])
        let environment = Self.strings([path])
        defer { for text in arguments + environment { free(text) } }
        var pid: pid_t = 0
        guard posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, environment) == 0
        else { throw PrivatePCSC.Failure(description: "cannot start pcscd: errno \(errno)") }
        self.pid = pid
        Orphans.add(pid)
    }

    /// scripts/sanitize watches our driver: its runtime has to be the daemon's first library. Whatever
    /// it reports ends the daemon.
    private static var preload: String {
        let library = ProcessInfo.processInfo.environment["LATCHKEY_PCSCD_PRELOAD"]
        return library.map { "TSAN_OPTIONS=halt_on_error=1 LD_PRELOAD='\($0)' " } ?? ""
    }

    func end() {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        Orphans.remove(pid)
        unlink(socket)
    }

    private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { text in strdup(text) } + [nil]
    }

    private static func listen(at path: String) throws -> Int32 {
        unlink(path)
        let listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard listener >= 0, bound == 0, Glibc.listen(listener, 16) == 0 else {
            close(listener)
            throw PrivatePCSC.Failure(description: "cannot listen at \(path): errno \(errno)")
        }
        return listener
    }
}

/// Ends what is still running when the tests end: an orphan would hold its ports.
private enum Orphans {
    nonisolated(unsafe) private static var pids: Set<pid_t> = []
    private static let lock = NSLock()
    private static let atExit: Void = {
        atexit { Orphans.killAll() }
    }()

    static func add(_ pid: pid_t) {
        _ = atExit
        lock.withLock { _ = pids.insert(pid) }
    }

    static func remove(_ pid: pid_t) { lock.withLock { _ = pids.remove(pid) } }

    static func killAll() { lock.withLock { for pid in pids { kill(pid, SIGKILL) } } }
}
