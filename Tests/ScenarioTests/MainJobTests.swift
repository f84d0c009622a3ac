// SPDX-License-Identifier: Apache-2.0

import TestKit
import Testing

/// Stories told by the real executables, one after the other: each wants the machine for itself.
@Suite(.serialized) enum Scenarios {}

extension Scenarios {
    /// The story of the README.
    @Suite struct MainJobTests {
        @Test func `the demo tells the whole story and every step is as expected`() async throws {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            let output = try await program.runBare(["demo"])
            #expect(output.code == 0, "\(output.text)")
            for line in [
                "alice is the owner of Roadster", "the car read the receipt",
                "they are back and nothing is lost", "the car limits itself to 65 mph",
                "carol's phone is refused", "proved the end of the key",
                "alice's phone shows the notification", "bob-backup is refused",
            ] {
                #expect(output.text.contains(line), "\(line)")
            }
            if PrivatePCSC.Driver.standard == .latchkey {
                #expect(output.text.contains("picked the key before SELECT"))
            }
        }
    }
}
