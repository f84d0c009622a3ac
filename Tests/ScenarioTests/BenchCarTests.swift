// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestKit
import Testing

/// A car that left one stack and stands in another, as somebody at a bench meets it.
extension Scenarios {
    @Suite struct BenchCarTests {
        @Test func `an imported car answers at its screen as any other, and keeps its readers`()
            async throws
        {
            let (file, program) = (try await exportedCar(), try LatchkeyProgram())
            defer { program.clean() }
            try file.write(
                to: program.state.appending(path: "van.json"), atomically: true, encoding: .utf8)
            let van = program.path("van.json")
            try await program.whileUp {
                try await program.done("vehicle", "add", "--vin", "LKY00000000000011")
                let came = try await program.done("vehicle", "import", van)
                // The file's door and dashboard belong to the car that was here first; its trunk is free.
                #expect(came.contains("Latchkey Car 3 00") && came.contains("radio"), "\(came)")
                #expect(try came.value("trunk reader").hasPrefix("Latchkey Car 2 00"))
                let taken = try await program.run(
                    "vehicle", "import", van, "--door", "Latchkey Car 1 00", "--dashboard",
                    "Latchkey Car 4 01")
                #expect(taken.code == 1 && taken.text.contains("belongs to another vehicle"))

                #expect(try await program.done("vehicle", "list").contains("not registered"))
                #expect(try await program.done("vehicle", "show", "van").contains("does not know"))
                try await program.done("vehicle", "unlock", "Van")
                try await program.done("vehicle", "stop", "Van")
                try await program.done("vehicle", "code", "Van", "123456")
                try await program.done("vehicle", "time", "Van", "--trusted", "off")
                #expect(try await program.done("vehicle", "show", "Van").contains("not trusted"))
                try await program.done("vehicle", "log", "Van")
                let pair = try await program.run("vehicle", "pair", "Van")
                #expect(pair.code == 1 && pair.text.contains("registry does not know Van"))
                try await refusals(program)
            }
        }

        /// What `vehicle add` refuses leaves nothing behind.
        private func refusals(_ program: LatchkeyProgram) async throws {
            let before = try await program.done("vehicle", "list")
            for (arguments, reason) in [
                (
                    [
                        "LKY00000000000012", "--door", "Latchkey Car 2 00", "--dashboard",
                        "Latchkey Car 4 01",
                    ], "belongs to another vehicle"
                ),
                (["LKY00000000000011", "--name", "Lorry"], "belongs to Roadster"),
            ] {
                let refused = try await program.run(["vehicle", "add", "--vin"] + arguments)
                #expect(refused.code == 1 && refused.text.contains(reason), "\(refused.text)")
            }
            #expect(try await program.done("vehicle", "list") == before)
        }

        /// A van with a reader at the trunk and a radio, as its own stack wrote it.
        private func exportedCar() async throws -> String {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            return try await program.whileUp {
                try await program.done(
                    "vehicle", "add", "--vin", "LKY00000000000010", "--name", "Van", "--door",
                    "Latchkey Car 1 00", "--dashboard", "Latchkey Car 1 01", "--trunk",
                    "Latchkey Car 2 00", "--passive-entry")
                let next = try await program.done("vehicle", "add", "--vin", "LKY00000000000013")
                #expect(try next.value("door reader").hasPrefix("Latchkey Car 3 00"))
                let out = program.path("van.json")
                try await program.done("vehicle", "export", "Van", "--out", out)
                return try String(contentsOfFile: out, encoding: .utf8)
            }
        }
    }
}
