// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestKit
import Testing

@testable import Stack

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct ProcessTableTests {
    @Test func `a process whose first thread ended runs as long as another one does`() async throws
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-c", Self.program]
        try process.run()
        defer { kill(process.processIdentifier, SIGKILL) }
        let pid = process.processIdentifier
        try await eventually("the end of the first thread") {
            try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8).contains(") Z ")
        }
        #expect(ProcessTable.isRunning(pid))
        kill(pid, SIGKILL)
        try await eventually("the end of the process") { !ProcessTable.isRunning(pid) }
    }

    /// A second thread stays when the first one ends.
    private static let program = """
        import ctypes, threading, time
        threading.Thread(target=time.sleep, args=(60,)).start()
        ctypes.CDLL(None).pthread_exit(None)
        """
}
