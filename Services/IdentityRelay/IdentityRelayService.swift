// SPDX-License-Identifier: Apache-2.0

import Postgres
public import ServiceKit
public import ServiceLifecycle

/// Blind mailboxes between two phones: TIGRESS v1 over HTTPS (SERVER 2).
///
/// The relay keeps what a device wrote until the other took it, and knows neither of them.
public struct IdentityRelayService: SuiteService {
    public static let name = "identity-relay"
    public static let summary = "blind mailboxes through which two phones share a key"

    public let listeners: [HTTPListener]
    public let background: [any Service]
    public let readiness: [Check]

    public init(settings: RelaySettings, host: ServiceHost) async throws {
        let database = Database(
            url: host.shared.databaseURL, schema: RelayMigrations.schema)
        let identity = try TLSCredentials(certificate: settings.certificate, key: settings.key)
        try await host.retrying(
            "the database", while: { ($0 as? PostgresError)?.isUnavailable == true }
        ) {
            try await Migrator.migrate(
                database, schema: RelayMigrations.schema, RelayMigrations.all)
        }
        let polls = LongPolls(database: database, host: host)
        let routes = MailboxRoutes(
            relay: Relay(database: database, host: host), polls: polls,
            limiter: CreationLimiter(
                perHour: settings.creationsPerHour, clock: host.clock, random: host.random),
            page: try PreviewPage(), publicURL: settings.publicURL)
        let limits = HTTPLimits(
            body: RelayLimits.body, deadline: .seconds(RelayLimits.wait + 10))
        // A client's own request id could link two mailboxes in the log.
        listeners = [
            HTTPListener(
                "mailboxes", at: settings.listenAddress, host: host, security: .tls(identity),
                limits: limits, takesRequestIds: false,
                problems: { RelayError.problem(for: $0) }, routes: routes.add)
        ]
        background = [polls, ExpiryJob(database: database, host: host)]
        readiness = [Check("database") { try await database.ping() }]
    }
}
