// SPDX-License-Identifier: Apache-2.0

public import ServiceLifecycle

/// A service of the suite. ServiceKit is everything that services would otherwise repeat.
///
/// A conforming type is the composition root: `init` builds stores, use cases and routes; the
/// properties say what runs. `main()` does the rest, the same for all: settings, logs, metrics,
/// probes on the admin address, the service group, and a stop on SIGTERM that loses no request.
/// Start reading at `SuiteService+Main.swift`; HTTP begins at `HTTPListener`.
public protocol SuiteService: Sendable {
    /// Settings beyond the shared ones.
    associatedtype Settings: ServiceSettings
    /// Kebab case, for example `key-registry`; gives the executable and the settings their names.
    static var name: String { get }
    /// One sentence for `--help`.
    static var summary: String { get }
    /// Builds everything; may wait for the database and bring its schema up to date.
    init(settings: Settings, host: ServiceHost) async throws
    /// What is served, in the order of start.
    var listeners: [HTTPListener] { get }
    /// Consumers, outbox relay, timers; they start before and stop after the listeners.
    var background: [any Service] { get }
    /// What the next request needs.
    var readiness: [Check] { get }
}

extension SuiteService {
    /// Nothing in the background.
    public var background: [any Service] { [] }
    /// Nothing to check.
    public var readiness: [Check] { [] }
    /// Every setting the service knows.
    public static var knownSettings: [SettingDescription] { Settings.known(by: name) }
}

/// Facts about the suite as a whole.
public enum Suite {
    /// Version of the executables and of the HTTP interfaces' implementation.
    public static let version = "0.1.0"
}
