// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Runs `latchkey …` commands as a user would, each as a process of its own.
struct CommandRunner: Sendable {
    let state: URL

    /// What a command printed and how it ended.
    struct Output {
        let text: String
        let code: Int32
        let milliseconds: Double

        /// The rest of the first line that starts with `label`.
        func value(_ label: String) throws -> String {
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(label) })
            else { throw Unexpected("no line '\(label)' in: \(text)") }
            return line.dropFirst(label.count).trimmingCharacters(in: .whitespaces)
        }
    }

    /// Runs a command that must succeed.
    @discardableResult
    func run(_ arguments: String...) throws -> Output {
        let output = try start(arguments)
        guard output.code == 0 else {
            throw Unexpected("latchkey \(arguments.joined(separator: " ")): \(output.text)")
        }
        return output
    }

    /// Runs a command that must be refused, and returns what it said.
    func refused(_ arguments: String...) throws -> Output {
        let output = try start(arguments)
        guard output.code != 0 else {
            throw Unexpected("latchkey \(arguments.joined(separator: " ")) was not refused")
        }
        return output
    }

    /// Runs a command to its end, however that is.
    func start(_ arguments: [String]) throws -> Output {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments + ["--state", state.path]
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        let started = ContinuousClock.now
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Output(
            text: String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines),
            code: process.terminationStatus, milliseconds: .init(milliseconds: .now - started))
    }
}
