// SPDX-License-Identifier: Apache-2.0

import Contracts
import Messaging
public import ServiceKit
public import ServiceLifecycle

/// Carries orders that end, suspend or resume keys to the car and to the device.
public struct RevocationService: SuiteService {
    public static let name = "revocation"
    public static let summary =
        "orders that end, suspend or resume keys, from the wish to the proof"

    public let listeners: [HTTPListener]
    public let background: [any Service]
    public let readiness: [Check]

    public init(settings: RevocationSettings, host: ServiceHost) async throws {
        let desk = RevocationDesk()
        let backbone = try await Backbone(
            Self.name, host: host, migrations: RevocationMigrations.all
        ) { consumer in
            consumer
                .on(OrderReceived.self) { try await desk.accept($0, in: $2) }
                .on(KeyStateChanged.self) { try await desk.follow($0, in: $2) }
                .on(DocumentConfirmed.self) { try await desk.follow($0, in: $2) }
                .on(PartnerRegistered.self) { try await DirectoryStore($2).save($0) }
                .on(TrackedKeyState.self) { try await DirectoryStore($2).save($0) }
        }
        let database = backbone.database
        let client = OutboundClient(
            credentials: try TLSCredentials(
                certificate: settings.clientCertificate, key: settings.clientKey))
        listeners = [
            HTTPListener(
                "api", at: settings.apiAddress, host: host,
                problems: { Backbone.problem(for: $0) },
                routes: OrderRoutes(database: database, desk: desk, host: host).add)
        ]
        background =
            backbone.background + [
                client,
                QueuedCaller(
                    DeviceCalls(
                        desk: desk, vehicleOemId: settings.vehicleOemId, clock: host.clock),
                    settling: PartnerAPI.settling, database: database, client: client, host: host),
                OrderGauges(database: database, host: host),
            ]
        readiness = backbone.readiness
    }
}
