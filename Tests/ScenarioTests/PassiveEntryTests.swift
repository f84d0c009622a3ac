// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestKit
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// A car that opens without a tap, as a user meets it.
extension Scenarios {
    @Suite struct PassiveEntryTests {
        @Test func `an owner walks up to the car, and only near enough does it open`() async throws
        {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            let stack = try program.up(basePort: 31_000 + Int(getpid()) % 20 * 40)
            try await eventually(within: .seconds(60)) {
                try await program.run("status").code == 0
            }
            let (theirs, ours) = (program.path("theirs.json"), program.path("ours.json"))
            try await succeeds(program, "device-oem", "export", "--out", theirs)
            try await succeeds(
                program, "partner", "issue", "--device-oem", theirs, "--out", ours)
            try await succeeds(program, "device-oem", "import", ours)
            let added = try await succeeds(
                program, "vehicle", "add", "--vin", "LKY00000000000009", "--passive-entry")
            #expect(added.contains("radio"))
            try await succeeds(program, "phone", "new", "alice")
            let pairing = try await succeeds(program, "vehicle", "pair", "Roadster")
            let password = pairing.split(whereSeparator: { !$0.isNumber }).first { $0.count == 8 }
            try await succeeds(
                program, "phone", "tap", "alice", "--vehicle", "Roadster", "--at", "dashboard",
                "--password", String(try #require(password)))

            let approach = ["phone", "approach", "alice", "--vehicle", "Roadster"]
            let far = try await program.run(approach + ["--distance", "6"])
            #expect(far.code == 1)
            #expect(far.text.contains("too far away"), "\(far.text)")
            let near = try await program.run(approach)
            #expect(near.code == 0)
            #expect(near.text.contains("unlocked without a tap"), "\(near.text)")
            let log = try await succeeds(program, "vehicle", "log", "Roadster")
            #expect(log.contains("The simulated radio says 1.50 m"))
            #expect(log.contains("The simulated radio says 6.00 m"))
            try await succeeds(program, "down")
            try await eventually(within: .seconds(20)) { !stack.isRunning }
        }

        @discardableResult
        private func succeeds(
            _ program: LatchkeyProgram, _ arguments: String...
        ) async throws -> String {
            let output = try await program.run(arguments)
            try #require(output.code == 0, "\(arguments.joined(separator: " ")): \(output.text)")
            return output.text
        }
    }
}
