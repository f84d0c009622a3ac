// SPDX-License-Identifier: Apache-2.0

public import KeyProtocol
public import ServiceKit

/// The settings of the vehicle gateway beyond the shared ones; it has no PostgreSQL.
public struct GatewaySettings: ServiceSettings {
    /// False: the state is on board, in SQLite.
    public static let usesDatabase = false

    /// Where the car API listens; carries secrets at provisioning, so it stays on loopback.
    public var apiAddress: ListenAddress
    /// The SQLite file with the state of all vehicles.
    public var state: String
    /// What the readers can do.
    public var readerProfile: ReaderKind
    /// What readers call themselves in polling frames.
    public var readerMake: ReaderMake

    /// Which taps leave a trace beside the state file.
    public var traces: TraceKind

    /// What `TRACES` takes.
    public enum TraceKind: String, CaseIterable, Sendable {
        case failed, all
    }

    /// The makes of reader that `READER_PROFILE` knows.
    public enum ReaderKind: String, CaseIterable, Sendable {
        case generic, acr122u, acr1252u, utrust, virtual
    }

    /// Values for tests; real ones come from the environment.
    public init(
        apiAddress: ListenAddress, state: String, readerProfile: ReaderKind = .virtual,
        readerMake: ReaderMake = .forTests, traces: TraceKind = .failed
    ) {
        self.apiAddress = apiAddress
        self.state = state
        self.readerProfile = readerProfile
        self.readerMake = readerMake
        self.traces = traces
    }

    /// Declares and reads the settings.
    public init(reading reader: inout SettingsReader) {
        apiAddress = reader.address(
            "API_ADDRESS", default: "127.0.0.1:8086",
            help: "Where the car API listens, host:port; keep it on loopback.")
        state = reader.text(
            "STATE", default: "vehicle-gateway.sqlite",
            help: "SQLite file with keys, lock state, log and unsent reports of the vehicles.")
        readerProfile = reader.choice(
            "READER_PROFILE", default: ReaderKind.generic, help: "What the readers can do.")
        let make = reader.text(
            "READER_MAKE", default: "\(ReaderMake.forTests)",
            help: "The automaker in polling frames, three hexadecimal digits; FFF is for tests.")
        readerMake = ReaderMake(make) ?? .forTests
        if ReaderMake(make) == nil {
            reader.report("READER_MAKE", "expected three hexadecimal digits, for example FFF")
        }
        traces = reader.choice(
            "TRACES", default: TraceKind.failed,
            help: "Which taps leave a trace in `traces` beside the state file.")
    }
}
