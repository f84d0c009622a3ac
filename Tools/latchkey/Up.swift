// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Dispatch
import Foundation
import Stack
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// `latchkey up`
struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Starts the whole suite on this machine and stays until Ctrl-C.",
        discussion: """
            A private PostgreSQL, a broker for development, development certificates, card \
            readers, the six services and the virtual device OEM; all data stays in the state \
            folder, and a second start goes on with it. A part that ends by itself is started \
            again. Set LATCHKEY_KAFKA (host:port) or \
            LATCHKEY_DATABASE (URL) to use servers that run already.
            """)

    @OptionGroup var state: StateOption

    @Option(help: "The first of the 40 loopback ports the stack uses.")
    var basePort = PortPlan.defaultBase

    @Option(
        help: "Driver of the virtual readers: latchkey, or vpcd of vsmartcard.",
        transform: driver)
    var readers: ReaderDriver?

    func validate() throws {
        guard (1024...65_000).contains(basePort) else {
            throw ValidationError("--base-port must be between 1024 and 65000")
        }
    }

    private static func driver(_ name: String) throws -> ReaderDriver {
        guard let driver = ReaderDriver(rawValue: name) else {
            throw ValidationError("--readers takes latchkey or vpcd")
        }
        return driver
    }

    /// Prints at once, also into a pipe.
    private static func say(_ text: String) {
        print(text)
        fflush(nil)
    }

    func run() async throws {
        let stack = Stack(
            folder: state.folder, ports: PortPlan(base: basePort), readers: readers
        ) { Self.say($0) }
        let interrupted = Interruption()
        Self.say("starting the stack in \(state.folder.url.path)")
        guard try await start(stack, interrupted) else { return Self.say("stopped") }
        Self.say("the stack is up; Ctrl-C stops it")
        let care = Task {
            while !Task.isCancelled {
                await stack.revive()
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
        while !interrupted.happened { try await Task.sleep(for: .milliseconds(200)) }
        care.cancel()
        await care.value
        Self.say("stopping")
        await stack.stop()
    }

    /// Returns false when it was interrupted; nothing is left running then.
    private func start(_ stack: Stack, _ interrupted: Interruption) async throws -> Bool {
        let start = Task { try await stack.start() }
        let watch = Task {
            while !interrupted.happened { try await Task.sleep(for: .milliseconds(50)) }
            start.cancel()
        }
        defer { watch.cancel() }
        do {
            try await start.value
            return true
        } catch  where interrupted.happened {
            return false
        }
    }
}

/// Notes SIGINT, SIGTERM and the end of the terminal instead of dying of them.
final class Interruption: Sendable {
    // Dispatch sources are safe to hold from any thread; they are only kept alive here.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]
    private let flag = Mutex(false)

    init() {
        // Who reads the output may go away; what runs is stopped in order all the same.
        signal(SIGPIPE, SIG_IGN)
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: .global())
        }
        for source in sources {
            source.setEventHandler { [weak self] in self?.flag.withLock { $0 = true } }
            source.resume()
        }
    }

    var happened: Bool { flag.withLock { $0 } }
}
