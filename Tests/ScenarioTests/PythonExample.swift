// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A script of `docs/examples`, the second implementation, while it runs.
final class PythonExample: Sendable {
    /// It ended before it said where it waits.
    struct Silent: Error {
        let printed: String
    }

    private let process: Process
    private let output: FileHandle

    /// Starts `script` with a folder of its own as working directory.
    init(_ script: String, _ arguments: [String], in folder: URL) throws {
        let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/examples")
        let pipe = Pipe()
        (process, output) = (Process(), pipe.fileHandleForReading)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [examples.appending(path: script).path] + arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment
            .merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
    }

    deinit { if process.isRunning { process.terminate() } }

    /// Runs `script` to its end.
    static func run(
        _ script: String, _ arguments: [String], in folder: URL
    ) async throws -> LatchkeyProgram.Output {
        try await PythonExample(script, arguments, in: folder).end()
    }

    /// The port at which it waits for a phone, which it prints in its first line.
    func port() async throws -> String {
        let line = try await onThread { [output] in
            var line = Data()
            while let byte = try output.read(upToCount: 1), !byte.isEmpty, byte != Data("\n".utf8) {
                line += byte
            }
            return String(decoding: line, as: UTF8.self)
        }
        guard line.starts(with: "waiting for a phone at port "),
            let port = line.split(separator: " ").last
        else { throw Silent(printed: line + (try await end().text)) }
        return String(port)
    }

    /// Waits for its end; what it printed since.
    func end() async throws -> LatchkeyProgram.Output {
        try await onThread { [process, output] in
            let data = try output.readToEnd() ?? Data()
            process.waitUntilExit()
            return LatchkeyProgram.Output(
                text: String(decoding: data, as: UTF8.self), code: process.terminationStatus)
        }
    }

    private func onThread<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try work() }) }
        }
    }
}
