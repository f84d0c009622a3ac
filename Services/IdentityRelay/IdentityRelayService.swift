// SPDX-License-Identifier: Apache-2.0

import Messaging
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
        let identity = try TLSCredentials(certificate: settings.certificate, key: settings.key)
        let backbone = try await Backbone(
            Self.name, host: host, migrations: RelayMigrations.all)
        let database = backbone.database
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
                problems: { Backbone.problem(for: $0) }, routes: routes.add)
        ]
        background = backbone.background + [polls, ExpiryJob(database: database, host: host)]
        readiness = backbone.readiness
    }
}
