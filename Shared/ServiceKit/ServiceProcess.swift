// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Logging
import ServiceLifecycle
import UnixSignals

/// One process: admin listener, the composed service, and the order in which they stop.
///
/// A group stops its services one after another from the last to the first. So on SIGTERM
/// `Drain` withdraws readiness and waits, then listeners finish their requests, then background
/// work ends, and the admin listener answers probes until the very end.
struct ServiceProcess<Root: SuiteService>: Sendable {
    let settings: Root.Settings
    let host: ServiceHost
    let metrics: PrometheusMetrics

    /// Requests still running this long after the shutdown delay are cut off.
    static var grace: Duration { .seconds(20) }

    func run() async throws {
        let admin = AdminRoutes(host: host, metrics: metrics).listener()
        let composition = Composition<Root>(settings: settings, host: host)
        var configuration = ServiceGroupConfiguration(
            services: [admin, composition, Drain(host: host)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: .silent)
        configuration.maximumGracefulShutdownDuration = host.shared.shutdownDelay + Self.grace
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch is CancellationError where host.isDraining {
            host.logger.warning("requests were cut off")
        }
    }
}

/// Builds the service and runs its parts.
private struct Composition<Root: SuiteService>: Service {
    let settings: Root.Settings
    let host: ServiceHost

    func run() async throws {
        let start = ContinuousClock.now
        let (settings, host) = (settings, host)
        let root = try await cancelWhenGracefulShutdown {
            try await Root(settings: settings, host: host)
        }
        host.lifecycle.add(root.readiness)
        let listeners = root.listeners
        if host.lifecycle.composed(listeners: listeners.map(\.name)) { host.logStarted() }
        host.logger.debug("composed", metadata: ["duration": "\(ContinuousClock.now - start)"])
        let services: [any Service] = root.background + listeners
        guard !services.isEmpty else { return try await gracefulShutdown() }
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(services: services, logger: .silent)
        ).run()
    }
}

/// First to be told to stop: says so at `/readyz` and lets load balancers notice.
private struct Drain: Service {
    let host: ServiceHost

    func run() async throws {
        try await gracefulShutdown()
        host.lifecycle.drain()
        host.logger.info("stopping", metadata: ["delay": "\(host.shared.shutdownDelay)"])
        try await Task.sleep(for: host.shared.shutdownDelay)
    }
}

extension ServiceHost {
    /// One line that says the service is up, what that took and what it costs.
    func logStarted() {
        logger.info(
            "started",
            metadata: [
                "version": .string(Suite.version),
                "start_ms": .stringConvertible(ProcessFacts.millisecondsSinceStart),
                "resident_kib": .stringConvertible(ProcessFacts.residentBytes / 1024),
                "environment": .string(shared.environment),
            ])
    }
}

extension Logger {
    /// For frameworks that log what we log ourselves, in our words.
    static var silent: Logger {
        var logger = Logger(label: "framework")
        logger.logLevel = .critical
        return logger
    }
}
