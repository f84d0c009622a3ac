// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Foundation

/// What the operating system knows about this process.
enum ProcessFacts {
    /// Memory in use, in bytes; 0 where `/proc` is missing.
    static var residentBytes: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
            return 0
        }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Files and sockets open now.
    static var openFiles: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }

    /// How long this process has existed, to 10 ms; 0 where `/proc` is missing.
    static var millisecondsSinceStart: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let name = text.lastIndex(of: ")")
        else { return 0 }
        // Field 22 counts clock ticks since boot; fields are counted from the name, field 2.
        let fields = text[text.index(after: name)...].split(separator: " ")
        let ticks = fields.dropFirst(19).first.flatMap { Int($0) } ?? 0
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        let now = time.tv_sec * 1000 + time.tv_nsec / 1_000_000
        return max(0, now - ticks * 1000 / sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Sets the usual process gauges; called at each scrape.
    static func record(in metrics: any MetricsFactory) {
        Gauge(label: "process_resident_memory_bytes", factory: metrics).record(residentBytes)
        Gauge(label: "process_open_fds", factory: metrics).record(openFiles)
    }
}
