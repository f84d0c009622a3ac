// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestKit
import Testing

/// Our phone and our car with the second implementation, which is in Python (`docs/examples`).
extension Scenarios {
    @Suite struct ExampleTests {
        @Test func `the second implementation agrees with every vector`() async throws {
            let folder = FileManager.default.temporaryDirectory
            let output = try await PythonExample.run(
                "check_vectors.py", [Vectors.folder.path], in: folder)
            #expect(output.code == 0, "\(output.text)")
            #expect(output.text.contains("secure-channel"), "\(output.text)")
        }

        @Test(arguments: [[], ["--only", "0100"]])
        func `our phone becomes the owner's of a foreign car, opens and starts it`(
            versions: [String]
        ) async throws {
            let bench = try await ForeignCar()
            defer { bench.program.clean() }
            let trace = bench.program.path("pairing.jsonl")
            let pairing = try await bench.meet(
                ["pair"] + versions, phone: ["--password", "12345678", "--trace", trace])
            #expect(pairing.car.code == 0, "\(pairing.car.text)")
            #expect(pairing.phone.text.contains("paired"), "\(pairing.phone.text)")
            for (action, words) in [("unlock", "unlocked"), ("drive", "ready to drive")] {
                let tap = try await bench.meet([action] + versions)
                #expect(tap.car.code == 0, "\(tap.car.text)")
                #expect(tap.phone.code == 0 && tap.phone.text.contains(words), "\(tap.phone.text)")
            }
            let shown = try await bench.program.run(["trace", "show", trace], withState: false)
            #expect(shown.code == 0 && shown.text.contains("slot list: "), "\(shown.text)")
            #expect(!shown.text.contains("unknown"), "\(shown.text)")
            let replay = try await LatchkeyProgram.runBare(["trace", "replay", trace])
            #expect(replay.code == 0, "\(replay.text)")
            let fast = try await bench.meet(["lock"] + versions)
            #expect(fast.car.text.contains("fast"), "\(fast.car.text)")
            #expect(fast.phone.text.contains("locked (3 APDUs"), "\(fast.phone.text)")
        }

        @Test func `our phone answers everything a car can do wrong as the text says`()
            async throws
        {
            let bench = try await ForeignCar()
            defer { bench.program.clean() }
            _ = try await bench.meet(["pair"], phone: ["--password", "12345678"])
            let run = try await bench.meet(
                [], script: "conformance_phone.py", phone: ["--timeout", "60"])
            #expect(run.car.code == 0, "\(run.car.text)")
            #expect(run.car.text.contains("143 checks, 0 differ"), "\(run.car.text)")
        }
    }
}

/// A car of the second implementation and one of our phones, in one scratch folder; no stack.
struct ForeignCar {
    let program: LatchkeyProgram

    /// Both makers exchange their bundles; the phone is called alice.
    init() async throws {
        program = try LatchkeyProgram()
        let (ours, theirs) = (program.path("device-oem.json"), program.path("automaker.json"))
        try await program.done(
            "device-oem", "init", "--id", "phones.example", "--environment", "testing")
        try await program.done("device-oem", "export", "--out", ours)
        let bundle = try await PythonExample.run(
            "car.py", ["car", "make", ours], in: program.state)
        try Data(bundle.text.utf8).write(to: URL(fileURLWithPath: theirs))
        try await program.done("device-oem", "import", theirs)
        try await program.done("phone", "new", "alice")
    }

    /// The car does `action` with the phone that then comes to its reader.
    func meet(
        _ action: [String], script: String = "car.py", phone: [String] = []
    ) async throws -> (car: LatchkeyProgram.Output, phone: LatchkeyProgram.Output) {
        let car = try PythonExample(
            script, ["car"] + action + ["--port", "0"], in: program.state)
        let reader = "127.0.0.1:" + (try await car.port())
        let tap = try await program.run(
            ["phone", "tap", "alice", "--reader", reader, "--offline"] + phone)
        return (try await car.end(), tap)
    }
}

/// A phone of the second implementation at a car of a stack that runs.
struct ForeignPhone {
    let program: LatchkeyProgram
    let vin: String
    /// The first of the stack's ports.
    let basePort: Int

    /// It pairs at the dashboard, opens the door and starts the car.
    func pairAndTap() async throws {
        let (bundle, automaker) = (program.path("foreign.json"), program.path("automaker.json"))
        let made = try await phone("make")
        try Data(made.text.utf8).write(to: URL(fileURLWithPath: bundle))
        try await program.done("partner", "issue", "--device-oem", bundle, "--out", automaker)
        #expect(try await phone("import", automaker).code == 0)
        let pairing = try await program.done("vehicle", "pair", vin)
        let password = try #require(pairing.firstMatch(of: /password +(\d{8})/)?.output.1)
        let paired = try await phone("pair", dashboard, "--password", String(password))
        #expect(paired.text.contains("CONTROL FLOW 01 00"), "\(paired.text)")
        for (reader, end) in [(door, "01 01"), (dashboard, "01 03")] {
            let tap = try await phone("tap", reader)
            #expect(tap.text.contains("CONTROL FLOW \(end)"), "\(tap.text)")
        }
    }

    /// Our own car and phone, exported, are played by the second implementation and know each other.
    func playExported() async throws {
        let pairing = try await program.done("vehicle", "pair", vin)
        let password = try #require(pairing.firstMatch(of: /password +(\d{8})/)?.output.1)
        let (ours, theirs) = (program.path("ours.json"), program.path("for-us.json"))
        try await program.done("device-oem", "export", "--out", ours)
        try await program.done("partner", "issue", "--device-oem", ours, "--out", theirs)
        try await program.done("device-oem", "import", theirs)
        try await program.done("phone", "new", "alice")
        try await program.done(
            "phone", "tap", "alice", "--reader", dashboard, "--password", String(password))
        let (car, phone) = (program.path("vehicle.json"), program.path("phone.json"))
        try await program.done("vehicle", "export", vin, "--out", car)
        let mode = try FileManager.default.attributesOfItem(atPath: car)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let played = try await PythonExample.run(
            "car.py", ["played", "import", car], in: program.state)
        #expect(played.code == 0, "\(played.text)")
        let unlock = try PythonExample(
            "car.py", ["played", "unlock", "--port", "0"], in: program.state)
        let reader = "127.0.0.1:" + (try await unlock.port())
        let tap = try await program.run("phone", "tap", "alice", "--reader", reader, "--offline")
        let opened = try await unlock.end()
        #expect(opened.code == 0 && opened.text.contains("fast"), "\(opened.text)")
        #expect(tap.text.contains("unlocked"), "\(tap.text)")

        try await program.done("phone", "export", "alice", "--out", phone)
        try await program.done("phone", "import", "alice-again", phone)
        let again = try await program.done("phone", "tap", "alice-again", "--reader", dashboard)
        #expect(again.contains("ready to drive"), "\(again)")
        let taken = try await PythonExample.run(
            "phone.py", ["played-phone", "import", phone], in: program.state)
        #expect(taken.code == 0, "\(taken.text)")
        let drive = try await PythonExample.run(
            "phone.py", ["played-phone", "tap", dashboard], in: program.state)
        #expect(drive.text.contains("CONTROL FLOW 01 03"), "\(drive.text)")
        try await program.done("vehicle", "import", car)
    }

    var door: String { "127.0.0.1:\(basePort + 20)" }
    var dashboard: String { "127.0.0.1:\(basePort + 21)" }

    private func phone(_ arguments: String...) async throws -> LatchkeyProgram.Output {
        try await PythonExample.run("phone.py", ["foreign-phone"] + arguments, in: program.state)
    }
}
