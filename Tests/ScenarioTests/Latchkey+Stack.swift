// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestKit
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// The stack that the real executable starts.
extension LatchkeyProgram {
    /// Starts the stack; what it prints goes to `output`.
    func up(basePort: Int) throws -> Process {
        let process = Self.process(["up", "--state", state.path, "--base-port", "\(basePort)"])
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let file = try FileHandle(forWritingTo: output)
        try file.seekToEnd()
        process.standardOutput = file
        process.standardError = file
        try process.run()
        return process
    }

    /// Where `up` prints.
    var output: URL { state.appending(path: "up.log") }

    /// A base port for this process; scenarios run one after the other.
    static let basePort = 23_000 + Int(getpid()) % 200 * 40

    /// Waits until the stack is up.
    func untilReady() async throws {
        try await eventually("the stack", within: .seconds(60)) {
            try await done("status")
            return true
        }
    }

    /// The folder of sockets beside the state folder of a stack that runs.
    func sockets() throws -> URL {
        struct Record: Decodable { var readerSocket: String }
        let data = try Data(contentsOf: state.appending(path: "stack.json"))
        let socket = try JSONDecoder().decode(Record.self, from: data).readerSocket
        return URL(fileURLWithPath: socket).deletingLastPathComponent()
    }

    /// Automaker and phone maker of a stack that runs come to know each other.
    func introduceMakers() async throws {
        let (theirs, ours) = (path("device-oem.json"), path("automaker.json"))
        try await done("device-oem", "export", "--out", theirs)
        try await done("partner", "issue", "--device-oem", theirs, "--out", ours)
        try await done("device-oem", "import", ours)
    }

    /// Makes a phone and pairs it with a car as the owner's.
    func pairs(_ phone: String, with vehicle: String) async throws {
        try await done("phone", "new", phone)
        let password = try await done("vehicle", "pair", vehicle).value("pairing password")
        try await done(
            "phone", "tap", phone, "--vehicle", vehicle, "--at", "dashboard", "--password",
            password)
    }

    /// Tells a story on the stack, which comes up before it and has ended after it, however the
    /// story ends: the next one finds its ports free. When it fails, the logs say why.
    func whileUp<Outcome>(_ story: () async throws -> Outcome) async throws -> Outcome {
        let stack = try up(basePort: Self.basePort)
        do {
            try await untilReady()
            let outcome = try await story()
            try await down(stack)
            return outcome
        } catch {
            Issue.record("\(error); the logs end so:\n\(lastWords())")
            await end(stack)
            throw error
        }
    }

    /// Stops the stack, waits for its end, and looks for secrets in all that it wrote.
    func down(_ stack: Process) async throws {
        let reading = try await ContinuousClock().measure {
            try await EventDump(basePort: Self.basePort, file: events).write()
        }
        try await done("down")
        try await eventually { !stack.isRunning }
        try expectNoSecret(reading: reading)
    }

    private func end(_ stack: Process) async {
        stack.terminate()
        do { try await eventually { !stack.isRunning } } catch {
            kill(stack.processIdentifier, SIGKILL)
        }
    }

    /// The end of what `up` and each part wrote.
    private func lastWords() -> String {
        let logs = state.appending(path: "logs")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: logs.path)) ?? []
        return ([output] + names.sorted().map { logs.appending(path: $0) }).map { file in
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            let lines = text.split(separator: "\n").suffix(40)
            return "== \(file.lastPathComponent)\n" + lines.joined(separator: "\n")
        }.joined(separator: "\n")
    }
}
