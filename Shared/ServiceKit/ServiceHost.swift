// SPDX-License-Identifier: Apache-2.0

public import CoreMetrics
public import Identifiers
public import Logging

/// What the process gives to the service that runs in it: time, randomness, logs, metrics, probes.
public struct ServiceHost: Sendable {
    /// Name of the service in kebab case.
    public let service: String
    /// Settings that every service has.
    public let shared: SharedSettings
    /// The time of day.
    public let clock: WallClock
    /// Randomness.
    public let random: RandomSource
    /// Logs with the name of the service.
    public let logger: Logger
    /// Where metrics are made: `Counter(label: …, factory: host.metrics)`.
    public let metrics: any MetricsFactory

    let lifecycle = Lifecycle()

    /// A host; tests pass a fixed clock and a scripted source.
    public init(
        service: String, shared: SharedSettings = SharedSettings(), clock: WallClock = .system,
        random: RandomSource = .system, logger: Logger? = nil,
        metrics: any MetricsFactory = PrometheusMetrics()
    ) {
        self.service = service
        self.shared = shared
        self.clock = clock
        self.random = random
        self.logger = logger ?? Logger(label: service)
        self.metrics = metrics
    }

    /// Adds a readiness check beyond those of `SuiteService.readiness`.
    public func addCheck(_ check: Check) { lifecycle.add([check]) }

    /// Runs `hook` at `POST /broker/replaced`, when a broker came back empty: publish the outbox
    /// again, read topics from their beginning.
    public func onBrokerReplaced(
        _ name: String, _ hook: @escaping @Sendable () async throws -> Void
    ) {
        lifecycle.addBrokerHook(name, hook)
    }

    /// Does `work` again, with growing pauses of up to 2 s, while it fails with an error that
    /// `isTransient` knows; for what a service needs at its start, such as its database.
    public func retrying<Result>(
        _ what: String, while isTransient: (any Error) -> Bool, work: () async throws -> Result
    ) async throws -> Result {
        var pause = Duration.milliseconds(100)
        while true {
            do {
                return try await work()
            } catch  where isTransient(error) {
                logger.warning("waiting for \(what)", error: error)
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            }
        }
    }

    /// Whether the service is about to stop; long answers look at it.
    public var isDraining: Bool { lifecycle.phase == .draining }
}
