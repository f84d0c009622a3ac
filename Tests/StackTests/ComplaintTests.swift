// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Stack

@Suite struct ComplaintTests {
    @Test(arguments: [
        ("", ""),
        ("starting\nworking\n", "working"),
        (
            """
            running bootstrap script ... 2026-11-25 14:47:20.642 UTC [12746] FATAL:  could not \
            write to file "pg_wal/xlogtemp.12746": No space left on device
            child process exited with exit code 1
            initdb: removing contents of data directory "/state/postgres"
            """, "could not write to file \"pg_wal/xlogtemp.12746\": No space left on device"
        ),
        ("psql: error: connection to server failed: FATAL:  no such role", "no such role"),
    ])
    func `a program's reason is found in what it printed`(output: String, reason: String) {
        #expect(Complaint.of(output) == reason)
    }
}
