// SPDX-License-Identifier: Apache-2.0

import Contracts
import Messaging
public import ServiceKit
public import ServiceLifecycle

/// Decides what may be shared.
public struct SharingOrchestratorService: SuiteService {
    public static let name = "sharing-orchestrator"
    public static let summary = "sharing policies, limits, and the approval of shared keys"

    public let listeners: [HTTPListener]
    public let background: [any Service]
    public let readiness: [Check]

    public init(settings: SharingSettings, host: ServiceHost) async throws {
        let policy = SharingPolicy(limit: settings.sharedKeyLimit)
        let desk = SharingDesk(policy: policy)
        let backbone = try await Backbone(
            Self.name, host: host, migrations: SharingMigrations.all
        ) { consumer in
            consumer
                .on(KeyTracked.self) { try await desk.decide($0.tracked, in: $2) }
                .on(KeyStateChanged.self) { try await desk.follow($0.tracked, in: $2) }
        }
        listeners = [
            HTTPListener(
                "api", at: settings.apiAddress, host: host,
                problems: { Backbone.problem(for: $0) },
                routes: SharingRoutes(database: backbone.database, policy: policy).add)
        ]
        background = backbone.background
        readiness = backbone.readiness
    }
}
