// SPDX-License-Identifier: Apache-2.0

import Contracts
import Messaging
public import ServiceKit
public import ServiceLifecycle

/// The automaker's register of vehicles and keys, and its door for device OEMs.
public struct KeyRegistryService: SuiteService {
    public static let name = "key-registry"
    public static let summary = "vehicles, keys and receipts; the partner API for device OEMs"

    public let listeners: [HTTPListener]
    public let background: [any Service]
    public let readiness: [Check]

    public init(settings: RegistrySettings, host: ServiceHost) async throws {
        let identity = try await AutomakerIdentity(settings, environment: host.shared.environment)
        let reports = ReportConsumer(identity: identity, host: host)
        let backbone = try await Backbone(
            Self.name, host: host, migrations: RegistryMigrations.all, hearing: reports.listen)
        let registrar = Registrar(
            database: backbone.database, identity: identity, clock: host.clock,
            random: host.random)
        let roots = PartnerRoots(registrar: registrar, roots: ClientRoots())
        try await roots.reload()
        let credentials = try TLSCredentials(
            certificate: settings.partnerCertificate, key: settings.partnerKey)
        listeners = [
            HTTPListener(
                "partner", at: settings.partnerAddress, host: host,
                security: .mutualTLS(credentials, clients: roots.roots), style: .partner,
                problems: { Backbone.problem(for: $0) },
                routes: PartnerRoutes(registrar: registrar).add),
            HTTPListener(
                "api", at: settings.apiAddress, host: host,
                problems: { Backbone.problem(for: $0) }
            ) { router in
                OperatorRoutes(registrar: registrar, partners: roots).add(to: router)
                AppRoutes(
                    registrar: registrar, passwords: PasswordMaker(random: host.random)
                ).add(to: router)
            },
        ]
        background = backbone.background + [PartnerRefresh(roots: roots, host: host)]
        readiness = backbone.readiness
    }
}
