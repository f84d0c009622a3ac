// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestKit
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Kills one part of a stack after another with SIGKILL, each while a command runs.
struct Chaos {
    let program: LatchkeyProgram
    /// Who dies next, last one first; another order in every run.
    private(set) var victims = [
        "pcscd", "postgres", "broker", "identity-relay", "key-registry", "sharing-orchestrator",
        "revocation", "notification", "vehicle-gateway", "device-oem",
    ].shuffled()

    init(_ program: LatchkeyProgram) { self.program = program }

    private struct Record: Decodable {
        struct Part: Decodable {
            var name: String
            var pid: Int32
        }
        var parts: [Part]
    }

    /// Runs a command while a part dies. A command that failed is repeated once the stack is whole
    /// again, as a person would; what it printed when it succeeded.
    @discardableResult
    mutating func amid(_ arguments: String...) async throws -> String {
        let next = victims.popLast()
        let victim = try #require(next)
        let old = try pid(of: victim)
        async let running = program.run(arguments)
        // The moment of death, anywhere in the command.
        try await Task.sleep(for: .milliseconds(Int.random(in: 0..<300)))
        kill(old, SIGKILL)
        var output = try await running
        try await eventually("\(victim), started again", within: .seconds(30)) {
            try pid(of: victim) != old
        }
        try await program.untilReady()
        try await eventually("\(arguments) after the death of \(victim)", within: .seconds(60)) {
            if output.code != 0 { output = try await program.run(arguments) }
            guard output.code != 0 else { return true }
            throw NotDone(description: output.text)
        }
        return output.text
    }

    /// Tells a story while a part does not answer.
    func without(_ part: String, _ story: () async throws -> Void) async throws {
        let part = try pid(of: part)
        kill(part, SIGSTOP)
        defer { kill(part, SIGCONT) }
        try await story()
    }

    private struct NotDone: Error, CustomStringConvertible { let description: String }

    private func pid(of part: String) throws -> Int32 {
        let data = try Data(contentsOf: program.state.appending(path: "stack.json"))
        let record = try JSONDecoder().decode(Record.self, from: data)
        return try #require(record.parts.first { $0.name == part }?.pid, "\(part) is not there")
    }
}
