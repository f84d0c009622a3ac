// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Looks at processes by their number.
enum ProcessTable {
    /// Whether a process with this number exists and has not ended; one that ended and that nobody
    /// waited for still has its number.
    static func isRunning(_ pid: Int32) -> Bool {
        guard pid > 0, kill(pid, 0) == 0 else { return false }
        // The state is that of the first thread alone: the others may outlive it, with all ports.
        let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
        guard threads?.count ?? 0 <= 1 else { return true }
        let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") ?? Data()
        // `pid (name) state ...`; the name may hold anything but ends with the last parenthesis.
        let state = String(decoding: data, as: UTF8.self).split(separator: ")").last?.first {
            $0 != " "
        }
        return state != "Z"
    }

    /// The variable that names the state folder in the environment of every part.
    static let mark = "LATCHKEY_STACK"

    /// Ends what an earlier stack of this folder left behind, for example after its `kill -9`: every
    /// process whose environment names the folder.
    static func endLeftovers(of folder: String) async {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let left = all.compactMap { Int32($0) }.filter { belongs($0, to: folder) }
        for signal in [SIGTERM, SIGKILL] {
            for pid in left where isRunning(pid) { kill(pid, signal) }
            // Ports are free only when their holders are gone, whatever ended them.
            for _ in 0..<100 where left.contains(where: isRunning) {
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private static func belongs(_ pid: Int32, to folder: String) -> Bool {
        let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ") ?? Data()
        return data.split(separator: 0).contains(Data("\(mark)=\(folder)".utf8))
    }
}
