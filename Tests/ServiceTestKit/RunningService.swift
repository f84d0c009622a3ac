// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import TestKit

/// One of our executables as its own process, with its log.
public final class RunningService: Sendable {
    /// Why a process could not be used.
    public enum Failure: Error, CustomStringConvertible {
        case missing(String)
        case ended(code: Int32, log: String)
        case notReady(log: String)

        public var description: String {
            switch self {
            case .missing(let name): "no executable \(name) beside the tests; build it first"
            case .ended(let code, let log): "ended with \(code):\n\(log)"
            case .notReady(let log): "was not ready in time:\n\(log)"
            }
        }
    }

    private final class Output: Sendable {
        let text = Mutex("")
    }

    private let process: Process
    private let output: Output
    /// `http://host:port` of probes and metrics.
    public let admin: String

    /// Starts `latchkey-<service>` with exactly `environment`; it serves probes at `admin`, a
    /// `host:port` that goes into its settings too.
    public init(
        _ service: String, admin: String, environment: [String: String], arguments: [String] = []
    ) throws {
        let name = "latchkey-\(service)"
        guard let executable = Self.executable(name) else { throw Failure.missing(name) }
        let prefix = "LATCHKEY_" + service.uppercased().replacing("-", with: "_") + "_"
        var all = environment
        all["PATH"] = ProcessInfo.processInfo.environment["PATH"]
        all[prefix + "ADMIN_ADDRESS"] = admin
        self.admin = "http://" + admin
        (process, output) = (Process(), Output())
        process.executableURL = executable
        process.arguments = arguments
        process.environment = all
        let pipe = Pipe()
        process.standardError = pipe
        process.standardOutput = pipe
        pipe.fileHandleForReading.readabilityHandler = { [output] handle in
            let data = handle.availableData
            guard !data.isEmpty else { return handle.readabilityHandler = nil }
            output.text.withLock { $0 += String(decoding: data, as: UTF8.self) }
        }
        try process.run()
    }

    deinit { kill() }

    /// Starts a service and waits until `/readyz` says yes.
    public static func ready(
        _ service: String, admin: String? = nil, environment: [String: String],
        within limit: Duration = .seconds(20)
    ) async throws -> RunningService {
        let running = try RunningService(
            service, admin: admin ?? "127.0.0.1:\(FreePort.take())", environment: environment)
        try await running.waitUntilReady(within: limit)
        return running
    }

    /// Everything it has written so far.
    public var log: String { output.text.withLock { $0 } }

    /// Its process id.
    public var processID: Int32 { process.processIdentifier }

    /// Status code and body of a path on the admin address; none while nobody listens.
    public func probe(_ path: String, method: String = "GET") async -> (status: Int, body: String)?
    {
        await answer(of: admin + path, method: method)
    }

    /// Waits until `/readyz` says yes.
    public func waitUntilReady(within limit: Duration = .seconds(20)) async throws {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            guard process.isRunning else {
                throw Failure.ended(code: process.terminationStatus, log: log)
            }
            if await probe("/readyz")?.status == 200 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Failure.notReady(log: log)
    }

    /// SIGTERM, then waits for the end; the exit code.
    public func terminate(within limit: Duration = .seconds(30)) async throws -> Int32 {
        if process.isRunning { process.terminate() }
        return try await exitCode(within: limit)
    }

    /// Waits for the end; the exit code.
    public func exitCode(within limit: Duration = .seconds(30)) async throws -> Int32 {
        let end = ContinuousClock.now + limit
        while process.isRunning {
            guard ContinuousClock.now < end else { throw Failure.notReady(log: log) }
            try await Task.sleep(for: .milliseconds(20))
        }
        return process.terminationStatus
    }

    /// SIGKILL: what a crash or a power cut looks like to the others.
    public func kill() {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    }

    /// Executables lie beside the test bundle; `LATCHKEY_EXECUTABLES` names another folder.
    private static func executable(_ name: String) -> URL? {
        let given = ProcessInfo.processInfo.environment["LATCHKEY_EXECUTABLES"]
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folders =
            [given] + [bundle, own].map { $0.map { ($0 as NSString).deletingLastPathComponent } }
        return folders.compactMap { $0 }.map { URL(fileURLWithPath: $0).appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }
}

/// Status code and body of `url`; none while nobody answers.
public func answer(of url: String, method: String = "GET") async -> (status: Int, body: String)? {
    var request = HTTPClientRequest(url: url)
    request.method = .init(rawValue: method)
    guard
        let answer = try? await HTTPClient.shared.execute(request, timeout: .seconds(5)),
        let body = try? await answer.body.collect(upTo: 1 << 20)
    else { return nil }
    return (Int(answer.status.code), String(buffer: body))
}
