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

    /// The same with the arguments of a table.
    func run(_ arguments: [String]) async throws -> Output {
        try await Self.runBare(arguments + ["--state", state.path])
    }

    /// The same for a step without which the rest makes no sense.
    @discardableResult
    func must(_ arguments: String...) async throws -> Output {
        let output = try await run(arguments)
        guard output.code == 0 else { throw Failed(arguments: arguments, printed: output.text) }
        return output
    }

    /// A command that had to work did not.
    struct Failed: Error {
        let arguments: [String]
        let printed: String
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

    private static func process(_ arguments: [String]) -> Process {
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

extension LatchkeyProgram {
    /// A base port for this process; scenarios run one after the other.
    static let basePort = 23_000 + Int(getpid()) % 200 * 40

    /// Runs a command that must succeed; what it printed.
    @discardableResult
    func done(_ arguments: String...) async throws -> String {
        let output = try await run(arguments)
        try #require(output.code == 0, "latchkey \(arguments): \(output.text)")
        return output.text
    }

    /// Waits until the stack is up; what it printed tells why it is not.
    func untilReady() async throws {
        do {
            try await eventually("the stack", within: .seconds(60)) {
                try await run("status").code == 0
            }
        } catch {
            let printed = try? String(contentsOf: output, encoding: .utf8)
            Issue.record("\(error); latchkey up printed: \(printed ?? "nothing")")
            throw error
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

    /// Stops the stack and waits for its end.
    func down(_ stack: Process) async throws {
        try await done("down")
        try await eventually { !stack.isRunning }
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
