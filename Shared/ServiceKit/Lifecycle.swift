// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Where a service is between start and stop, and what `/readyz` asks.
final class Lifecycle: Sendable {
    enum Phase: String { case starting, running, draining }

    typealias Hook = @Sendable () async throws -> Void

    private struct State {
        var phase = Phase.starting
        var checks: [Check] = []
        var hooks: [(name: String, run: Hook)] = []
        /// Listeners that are not bound yet; none before the service was composed.
        var unbound: Set<String>?
    }

    private let state = Mutex(State())

    var phase: Phase { state.withLock { $0.phase } }
    var checks: [Check] { state.withLock { $0.checks } }
    var brokerHooks: [(name: String, run: Hook)] { state.withLock { $0.hooks } }

    func add(_ checks: [Check]) { state.withLock { $0.checks += checks } }
    func addBrokerHook(_ name: String, _ run: @escaping Hook) {
        state.withLock { $0.hooks.append((name, run)) }
    }

    /// The service is composed and waits for these listeners; true when it is running at once.
    func composed(listeners: [String]) -> Bool {
        state.withLock {
            $0.unbound = Set(listeners)
            return Self.advance(&$0)
        }
    }

    /// A listener accepts connections; true when it was the last one missing.
    func bound(_ listener: String) -> Bool {
        state.withLock {
            $0.unbound?.remove(listener)
            return Self.advance(&$0)
        }
    }

    func drain() { state.withLock { $0.phase = .draining } }

    private static func advance(_ state: inout State) -> Bool {
        guard state.phase == .starting, state.unbound?.isEmpty == true else { return false }
        state.phase = .running
        return true
    }

    /// Runs every check at once; the lines of `?verbose` and whether all is well.
    func readiness() async -> (isReady: Bool, lines: [String]) {
        let phase = phase
        var lines = [phase == .running ? "[+] running" : "[-] running: \(phase.rawValue)"]
        let failures = await withTaskGroup(of: (Int, String, String?).self) { group in
            for (index, check) in checks.enumerated() {
                group.addTask { (index, check.name, await check.failure()) }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }
        }
        lines += failures.map { _, name, failure in
            failure.map { "[-] \(name): \($0)" } ?? "[+] \(name)"
        }
        return (phase == .running && failures.allSatisfy { $0.2 == nil }, lines)
    }
}
