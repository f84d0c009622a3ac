// SPDX-License-Identifier: Apache-2.0

import Foundation
import ServiceTestKit
import TestKit
import Testing

/// A car that left one stack and stands in another, as somebody at a bench meets it.
extension Scenarios {
    @Suite struct BenchCarTests {
        @Test func `an imported car answers at its screen as any other, and keeps its readers`()
            async throws
        {
            let (former, program) = (try LatchkeyProgram(), try LatchkeyProgram())
            defer {
                former.clean()
                program.clean()
            }
            try await export(former)
            let van = former.path("van.json")
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
            try await meetAlone(van, former.path("alice.json"))
        }

        /// One process is a car: a gateway without a stack, to which the same commands speak.
        private func meetAlone(_ van: String, _ alice: String) async throws {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            try await PrivatePCSC.withReaders(["Garage"]) { service in
                let api = "127.0.0.1:\(FreePort.take())"
                let prefix = "LATCHKEY_VEHICLE_GATEWAY_"
                let gateway = try await RunningService.ready(
                    "vehicle-gateway",
                    environment: service.environment.merging([
                        prefix + "ENVIRONMENT": "development", prefix + "API_ADDRESS": api,
                        prefix + "KAFKA": "127.0.0.1:\(FreePort.take())",
                        prefix + "STATE": program.path("gateway.sqlite"),
                        prefix + "READER_PROFILE": "virtual",
                    ]) { $1 })
                defer { gateway.kill() }
                let nowhere = try await program.run("vehicle", "list", "--gateway", "127.0.0.1:1")
                #expect(
                    nowhere.code == 1 && nowhere.text.contains("API_ADDRESS"), "\(nowhere.text)")
                let came = try await program.done(
                    "vehicle", "import", van, "--gateway", api, "--door", "Garage 00",
                    "--dashboard", "Garage 01")
                #expect(try came.value("door reader") == "Garage 00")
                try await program.done(
                    "device-oem", "init", "--id", "phones.example", "--environment", "development")
                try await program.done("phone", "import", "alice", alice)
                let port = try #require(service.port(of: "Garage"))
                let tap = try await program.done(
                    "phone", "tap", "alice", "--reader", "127.0.0.1:\(port)", "--offline")
                #expect(tap.contains("unlocked"), "\(tap)")
                let log = try await program.done(
                    "vehicle", "log", "Van", "--gateway", api, "--limit", "1")
                #expect(log.contains("unlocked"), "\(log)")
                try await program.done("vehicle", "lock", "Van", "--gateway", api)
                let shown = try await program.done("vehicle", "show", "Van", "--gateway", api)
                #expect(
                    shown.contains("paired, locked") && shown.contains("does not know"), "\(shown)")
                let out = program.path("again.json")
                try await program.done("vehicle", "export", "Van", "--gateway", api, "--out", out)
                #expect(try String(contentsOfFile: out, encoding: .utf8).contains("Garage 01"))
                let strange = try await program.run("vehicle", "show", "Lorry", "--gateway", api)
                #expect(strange.code == 1 && strange.text.contains("no vehicle Lorry"))
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

        /// A van with a reader at the trunk and a radio and its owner's phone, as their own stack wrote
        /// them: `van.json` and `alice.json`.
        private func export(_ program: LatchkeyProgram) async throws {
            try await program.whileUp {
                try await program.introduceMakers()
                try await program.done(
                    "vehicle", "add", "--vin", "LKY00000000000010", "--name", "Van", "--door",
                    "Latchkey Car 1 00", "--dashboard", "Latchkey Car 1 01", "--trunk",
                    "Latchkey Car 2 00", "--passive-entry")
                let next = try await program.done("vehicle", "add", "--vin", "LKY00000000000013")
                #expect(try next.value("door reader").hasPrefix("Latchkey Car 3 00"))
                try await program.pairs("alice", with: "Van")
                try await program.done(
                    "phone", "export", "alice", "--out", program.path("alice.json"))
                try await program.done(
                    "vehicle", "export", "Van", "--out", program.path("van.json"))
            }
        }
    }
}
