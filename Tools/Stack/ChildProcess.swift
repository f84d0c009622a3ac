// SPDX-License-Identifier: Apache-2.0

import Foundation
import ServiceKit
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// One program the stack started: its output goes to a log file, and it ends with the stack.
final class ChildProcess: Sendable {
    /// What to run.
    struct Command: Sendable {
        var program: String
        var arguments: [String] = []
        var environment: [String: String] = [:]
        /// A descriptor the program gets as its standard input.
        var standardInput: Int32?
    }

    let name: String
    let log: URL
    private let process: Mutex<Process>

    /// Starts `command`; its output is added to `log`.
    init(_ name: String, _ command: Command, log: URL) throws(StackError) {
        self.name = name
        self.log = log
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command.program)
        process.arguments = command.arguments
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("LATCHKEY_") }
            .merging(command.environment) { _, own in own }
        process.standardInput =
            command.standardInput.map { FileHandle(fileDescriptor: $0) } ?? FileHandle.nullDevice
        do {
            if !FileManager.default.fileExists(atPath: log.path) {
                try Data().write(to: log)
            }
            let output = try FileHandle(forWritingTo: log)
            try output.seekToEnd()
            process.standardOutput = output
            process.standardError = output
            try process.run()
            try output.close()
        } catch {
            throw .file(path: command.program, reason: FileFailure.reason(error))
        }
        self.process = Mutex(process)
    }

    var pid: Int32 { process.withLock { $0.processIdentifier } }
    var isRunning: Bool { process.withLock { $0.isRunning } }

    /// How it ended: `code 1`, `signal 9`.
    var ending: String {
        process.withLock { process in
            let kind = process.terminationReason == .uncaughtSignal ? "signal" : "code"
            return "\(kind) \(process.terminationStatus)"
        }
    }

    /// Asks it to end (SIGTERM), and makes it end after `seconds`.
    func stop(within seconds: Int = 10, signal: Int32 = SIGTERM) async {
        guard isRunning else { return }
        kill(pid, signal)
        for _ in 0..<(seconds * 50) where isRunning {
            try? await Task.sleep(for: .milliseconds(20))
        }
        if isRunning {
            kill(pid, SIGKILL)
            while isRunning { try? await Task.sleep(for: .milliseconds(20)) }
        }
    }

    /// Runs a short command to its end and returns what it printed.
    ///
    /// - Parameter name: what to call it, when `program` only starts it.
    @discardableResult
    static func output(
        _ program: String, _ arguments: [String], name: String? = nil
    ) throws(StackError) -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        let text: String
        do {
            try process.run()
            text = String(
                decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        } catch {
            throw .file(path: program, reason: FileFailure.reason(error))
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw .commandFailed(
                command: URL(fileURLWithPath: name ?? program).lastPathComponent,
                output: Complaint.of(text))
        }
        return text
    }
}
