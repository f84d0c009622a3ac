// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestKit
import Testing

/// A car that opens without a tap, as a user meets it.
extension Scenarios {
    @Suite struct PassiveEntryTests {
        @Test func `an owner walks up to the car, and only near enough does it open`() async throws
        {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            try await program.whileUp {
                try await program.introduceMakers()
                let added = try await program.done(
                    "vehicle", "add", "--vin", "LKY00000000000009", "--passive-entry")
                #expect(added.contains("radio"))
                try await program.pairs("alice", with: "Roadster")

                let approach = ["phone", "approach", "alice", "--vehicle", "Roadster"]
                let far = try await program.run(approach + ["--distance", "6"])
                #expect(far.code == 1)
                #expect(far.text.contains("too far away"), "\(far.text)")
                let near = try await program.run(approach)
                #expect(near.code == 0)
                #expect(near.text.contains("unlocked without a tap"), "\(near.text)")
                let log = try await program.done("vehicle", "log", "Roadster")
                #expect(log.contains("The simulated radio says 1.50 m"))
                #expect(log.contains("The simulated radio says 6.00 m"))
            }
        }
    }
}
