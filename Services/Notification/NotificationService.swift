// SPDX-License-Identifier: Apache-2.0

import Contracts
import Messaging
public import ServiceKit
public import ServiceLifecycle

/// Tells device OEMs and apps what happened to keys.
public struct NotificationService: SuiteService {
    public static let name = "notification"
    public static let summary = "notices about keys, delivered to device OEMs and shown to apps"

    public let listeners: [HTTPListener]
    public let background: [any Service]
    public let readiness: [Check]

    public init(settings: NotificationSettings, host: ServiceHost) async throws {
        let desk = NoticeDesk()
        let backbone = try await Backbone(
            Self.name, host: host, migrations: NotificationMigrations.all
        ) { consumer in
            consumer
                .on(KeyTracked.self) { try await desk.tell($0, $1, in: $2) }
                .on(KeyStateChanged.self) { try await desk.tell($0, $1, in: $2) }
                .on(PartnerRegistered.self) { try await DirectoryStore($2).save($0) }
        }
        let database = backbone.database
        let client = OutboundClient(
            credentials: try TLSCredentials(
                certificate: settings.clientCertificate, key: settings.clientKey))
        listeners = [
            HTTPListener(
                "api", at: settings.apiAddress, host: host,
                problems: { Backbone.problem(for: $0) },
                routes: NoticeRoutes(database: database, host: host).add)
        ]
        background =
            backbone.background + [
                client,
                QueuedCaller(
                    NoticeCalls(
                        desk: desk, vehicleOemId: settings.vehicleOemId, clock: host.clock),
                    settling: PartnerAPI.settling, database: database, client: client, host: host),
            ]
        readiness = backbone.readiness
    }
}
