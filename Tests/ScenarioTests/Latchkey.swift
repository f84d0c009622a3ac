// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestKit
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Runs the real `latchkey` executable, which lies beside the test bundle.
struct LatchkeyProgram {
    /// What it printed and how it ended.
    struct Output {
        let text: String
        let code: Int32
    }

    /// The state folder all commands work on.
    let state: URL

    /// A program whose state is a fresh folder below the temporary folder.
    init() throws {
        state = FileManager.default.temporaryDirectory
            .appending(path: "latchkey-scenario-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: state, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o711])
    }

    /// A program on a state folder that is there.
    init(state: URL) { self.state = state }

    /// Runs a command on the state folder to its end.
    func run(_ arguments: String...) async throws -> Output { try await run(arguments) }

    /// The same with the arguments of a table; some commands take no state folder.
    func run(_ arguments: [String], withState: Bool = true) async throws -> Output {
        let output = try await Self.runBare(arguments + (withState ? ["--state", state.path] : []))
        // Who asks for secrets gets them.
        if !arguments.contains("--reveal") { try note(output) }
        return output
    }

    /// The same for a step without which the rest makes no sense; what it printed.
    @discardableResult
    func done(_ arguments: String...) async throws -> String {
        let output = try await run(arguments)
        guard output.code == 0 else { throw Failed(arguments: arguments, printed: output.text) }
        return output.text
    }

    /// A command that had to work did not.
    struct Failed: Error, CustomStringConvertible {
        let arguments: [String]
        let printed: String
        var description: String { "latchkey \(arguments.joined(separator: " ")): \(printed)" }
    }

    /// A file in the state folder.
    func path(_ name: String) -> String { state.appending(path: name).path }

    /// Runs a command that takes no state folder. Its end is waited for on a thread of its own, so
    /// that other tests go on.
    static func runBare(_ arguments: [String]) async throws -> Output {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        let (process, pipe) = try launch(arguments)
                        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
                        process.waitUntilExit()
                        return Output(
                            text: String(decoding: data, as: UTF8.self),
                            code: process.terminationStatus)
                    })
            }
        }
    }

    /// Removes the state folder.
    func clean() { try? FileManager.default.removeItem(at: state) }

    /// Where executables were built.
    static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()

    private static func launch(_ arguments: [String]) throws -> (Process, Pipe) {
        let process = process(arguments)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        return (process, pipe)
    }

    static func process(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("LATCHKEY_") }
        process.standardInput = FileHandle.nullDevice
        return process
    }

    /// Tests run inside a helper of the toolchain, so the repository says where the build is.
    private static var program: URL {
        let beside = folder.appending(path: "latchkey")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: ".build/debug/latchkey")
    }
}

extension String {
    /// The rest of the first line that starts with `label`.
    func value(_ label: String) throws -> String {
        let line = split(separator: "\n").first { $0.hasPrefix(label) }
        return try #require(line, "no line '\(label)' in: \(self)").dropFirst(label.count)
            .trimmingCharacters(in: .whitespaces)
    }
}
