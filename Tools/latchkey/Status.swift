// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Stack

#if canImport(Glibc)
    import Glibc
#endif

/// `latchkey status`
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what of a stack runs; exits 1 when something does not.")

    @OptionGroup var state: StateOption

    @Option(help: "Asks one readiness URL instead; for container health checks.")
    var ready: String?

    func run() async throws {
        if let ready {
            guard await Health.isReady(ready) else { throw ExitCode(1) }
            return
        }
        let record = try StackRecord.load(state.folder)
        guard record.isRunning else {
            throw StackError.notRunning(folder: state.folder.url.path)
        }
        var healthy = true
        for part in record.parts {
            let state = await state(of: part, record)
            healthy = healthy && state.isGood
            print("\(part.name.padded(to: 22))\(state.text.padded(to: 12))pid \(part.pid)")
        }
        print(
            "\(record.parts.count) parts, environment \(record.environment), logs in \(self.state.folder.logs.path)"
        )
        if !healthy { throw ExitCode(1) }
    }

    private func state(of part: StackRecord.Part, _ record: StackRecord) async -> (
        text: String, isGood: Bool
    ) {
        guard part.isRunning else { return ("ended", false) }
        guard let service = BackEndService(rawValue: part.name) else { return ("running", true) }
        let url = "http://127.0.0.1:\(record.ports.admin(of: service))/readyz"
        return await Health.isReady(url) ? ("ready", true) : ("not ready", false)
    }
}

/// `latchkey down`
struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stops a stack that `latchkey up` started; its data stays.")

    @OptionGroup var state: StateOption

    func run() async throws {
        let record = try StackRecord.load(state.folder)
        guard record.isRunning else {
            throw StackError.notRunning(folder: state.folder.url.path)
        }
        kill(record.pid, SIGTERM)
        for _ in 0..<600 where record.isRunning { try await Task.sleep(for: .milliseconds(50)) }
        guard !record.isRunning else {
            throw StackError.commandFailed(
                command: "down", output: "process \(record.pid) did not end within 30 s")
        }
        print("the stack is down")
    }
}

extension String {
    /// This text and blanks up to `width`.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }
}
