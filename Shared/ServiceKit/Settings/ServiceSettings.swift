// SPDX-License-Identifier: Apache-2.0

public import Logging

/// The settings of one service: read once at start, then a plain value.
public protocol ServiceSettings: Sendable {
    /// Whether the service keeps its data in PostgreSQL, so that it needs `DATABASE_URL`.
    static var usesDatabase: Bool { get }
    /// Declares and reads every setting beyond the shared ones; problems are noted in `reader`.
    init(reading reader: inout SettingsReader)
}

extension ServiceSettings {
    /// True: all services but the gateway.
    public static var usesDatabase: Bool { true }

    /// Every setting that the service `name` (kebab case) knows, shared ones included.
    public static func known(by name: String) -> [SettingDescription] {
        var reader = SettingsReader(service: name, environment: [:], readFile: { _ in [] })
        _ = SharedSettings(reading: &reader, usesDatabase: usesDatabase)
        _ = Self(reading: &reader)
        return reader.known
    }
}

/// Everything read from one environment.
public struct ReadSettings<Settings: ServiceSettings> {
    /// What every service has.
    public let shared: SharedSettings
    /// What this service has.
    public let own: Settings
    /// Empty when the values may be used.
    public let problems: [SettingsProblem]
    /// Every setting, in the order of `--help`.
    public let known: [SettingDescription]

    /// Reads the settings of the service `name` (kebab case).
    public init(
        service name: String, environment: [String: String],
        readFile: @escaping (String) throws -> [UInt8] = SettingsReader.contents
    ) {
        var reader = SettingsReader(service: name, environment: environment, readFile: readFile)
        shared = SharedSettings(reading: &reader, usesDatabase: Settings.usesDatabase)
        own = Settings(reading: &reader)
        reader.reportUnknown()
        problems = reader.problems
        known = reader.known
    }
}

/// What every service has.
public struct SharedSettings: Sendable {
    /// Where probes and metrics are served.
    public var adminAddress: ListenAddress
    /// Name of the environment; topics and certificates carry it.
    public var environment: String
    /// Kafka bootstrap servers, `host:port` separated by commas.
    public var kafka: String
    /// libpq URL or key words; empty for a service without PostgreSQL. Holds no password.
    public var databaseURL: String
    /// Least level that is logged.
    public var logLevel: Logger.Level
    /// How long a stopping service still answers after it said it is not ready.
    public var shutdownDelay: Duration

    /// Values for tests; real ones come from the environment.
    public init(
        adminAddress: ListenAddress = ListenAddress(host: "127.0.0.1", port: 0),
        environment: String = "development", kafka: String = "127.0.0.1:9092",
        databaseURL: String = "", logLevel: Logger.Level = .info, shutdownDelay: Duration = .zero
    ) {
        self.adminAddress = adminAddress
        self.environment = environment
        self.kafka = kafka
        self.databaseURL = databaseURL
        self.logLevel = logLevel
        self.shutdownDelay = shutdownDelay
    }

    init(reading reader: inout SettingsReader, usesDatabase: Bool) {
        adminAddress = reader.address(
            "ADMIN_ADDRESS", default: "127.0.0.1:9464", help: "Probes and metrics, host:port.")
        environment = reader.text(
            "ENVIRONMENT", default: "development",
            help: "Name of the environment: part of topic names, checked in certificates.")
        kafka = reader.text(
            "KAFKA", default: "127.0.0.1:9092", help: "Kafka bootstrap servers, host:port,…")
        databaseURL =
            usesDatabase
            ? reader.text("DATABASE_URL", help: "PostgreSQL, for example postgres://role@host/db.")
            : ""
        logLevel = reader.choice(
            "LOG_LEVEL", default: Logger.Level.info, help: "Least level that is logged.")
        shutdownDelay = reader.duration(
            "SHUTDOWN_DELAY", default: "0s",
            help: "How long to go on answering after readiness was withdrawn.")
        let plain = environment.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
        }
        if environment.isEmpty || environment.utf8.count > 32 || !plain {
            reader.report("ENVIRONMENT", "expected up to 32 of a-z, 0-9 and -")
        }
        if Self.holdsPassword(databaseURL) {
            reader.report(
                "DATABASE_URL", "holds a password: name a file with passfile=/path instead")
        }
    }

    private static func holdsPassword(_ url: String) -> Bool {
        if url.contains("password=") { return true }
        guard let scheme = url.firstRange(of: "://"), let at = url.lastIndex(of: "@"),
            scheme.upperBound < at
        else { return false }
        return url[scheme.upperBound..<at].contains(":")
    }
}
