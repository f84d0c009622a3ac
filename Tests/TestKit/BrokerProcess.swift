// SPDX-License-Identifier: Apache-2.0
public import Foundation
internal import Synchronization

/// A Kafka broker in a process of its own, on a port of its own, which can be killed and started
/// again on the same port. It ends with the tests.
public final class BrokerProcess: Sendable {
    /// Why there is no broker.
    public struct Failure: Error, CustomStringConvertible {
        /// One line.
        public let description: String
    }

    /// The port on 127.0.0.1.
    public let port: UInt16
    /// `127.0.0.1:port`
    public var address: String { "127.0.0.1:\(port)" }

    private let executable: URL
    private let arguments: [String]
    private let environment: [String: String]?
    private let process = Mutex<Process?>(nil)

    /// A broker made of any executable that listens on `port`.
    public init(
        executable: URL, arguments: [String], environment: [String: String]?, port: UInt16
    ) async throws {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.port = port
        try await start()
    }

    deinit { kill() }

    /// The development broker (librdkafka's mock cluster). Killed, it has forgotten everything.
    /// Topics not named here come by themselves, with 4 partitions.
    public static func development(topics: [String: Int] = [:]) async throws -> BrokerProcess {
        let executable = try BuiltExecutable.url("latchkey-development-broker")
        let named = topics.sorted { $0.key < $1.key }.flatMap {
            ["--topic", "\($0.key):\($0.value)"]
        }
        var failure: (any Error)?
        for _ in 0..<3 {  // somebody else may take the port between the look and the start
            let port = UInt16(FreePort.take())
            let arguments = ["--port", "\(port)", "--parent-pid", "\(getpid())"] + named
            do {
                return try await BrokerProcess(
                    executable: executable, arguments: arguments, environment: nil, port: port)
            } catch { failure = error }
        }
        throw failure ?? Failure(description: "no broker")
    }

    /// Starts it again, on the same port.
    public func start() async throws {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        if let environment { process.environment = environment }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let deadline = ContinuousClock.now + .seconds(10)
        while !Self.answers(port) {
            guard process.isRunning, ContinuousClock.now < deadline else {
                Foundation.kill(process.processIdentifier, SIGKILL)
                throw Failure(
                    description: "\(executable.lastPathComponent) does not listen on \(port)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        self.process.withLock { $0 = process }
    }

    /// SIGKILL; returns when the process is gone.
    public func kill() { end(SIGKILL) }

    /// SIGTERM; returns when the process is gone.
    public func stop() { end(SIGTERM) }

    /// Frozen: connections stay and nobody answers.
    public func pause() { signal(SIGSTOP) }

    /// Goes on after `pause`.
    public func resume() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        process.withLock { process in
            guard let process, process.isRunning else { return }
            Foundation.kill(process.processIdentifier, number)
        }
    }

    private func end(_ number: Int32) {
        process.withLock { process in
            guard let running = process else { return }
            if running.isRunning { Foundation.kill(running.processIdentifier, number) }
            running.waitUntilExit()
            process = nil
        }
    }

    private static func answers(_ port: UInt16) -> Bool {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = loopback(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
