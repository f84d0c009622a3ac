// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import IdentityRelay
import KeyRegistry
import Notification
import Revocation
import ServiceKit
import SharingOrchestrator
import Testing
import VehicleGateway

/// What operators deploy is what the code means.
@Suite struct InfrastructureTests {
    @Test func `the topic manifest is the catalogue`() throws {
        let manifest = try text("infra/kafka/topics.tsv").split(separator: "\n")
            .filter { !$0.hasPrefix("#") }.map { $0.split(separator: "\t").map(String.init) }
        let topics = Topic.allCases.map { topic in
            [
                topic.rawValue, "\(Topic.partitions)", topic.isCompacted ? "compact" : "delete",
                topic.retentionDays.map { "\($0 * 86_400_000)" } ?? "-1",
            ]
        }
        let deadLetters = Self.settings.keys.map { ["\($0).dlt", "6", "delete", "1209600000"] }
        #expect(Set(manifest) == Set(topics + deadLetters))
    }

    @Test func `every variable of the compose file is a setting its service knows`() throws {
        let variables = try text("compose/compose.yaml").matches(of: /LATCHKEY_[A-Z_]+(?=: )/)
            .map { String($0.output) }
        let known = Set(Self.settings.values.flatMap { $0 }.map(\.variable))
        #expect(!variables.isEmpty)
        for variable in variables { #expect(known.contains(variable), "\(variable)") }
    }

    @Test func `the compose file gives every setting that has no default`() throws {
        let compose = try text("compose/compose.yaml")
        for (service, settings) in Self.settings {
            for setting in settings where setting.defaultValue == nil {
                #expect(compose.contains("\(setting.variable): "), "\(service)")
            }
        }
    }

    @Test func `every service with a database has its own role and schema`() throws {
        let roles = try text("infra/postgres/roles.sql")
        for service in Self.settings.keys where service != VehicleGatewayService.name {
            let schema = service.replacing("-", with: "_")
            #expect(roles.contains("CREATE SCHEMA \(schema) AUTHORIZATION \(schema);"))
        }
    }

    static let settings: [String: [SettingDescription]] = [
        IdentityRelayService.name: IdentityRelayService.knownSettings,
        KeyRegistryService.name: KeyRegistryService.knownSettings,
        SharingOrchestratorService.name: SharingOrchestratorService.knownSettings,
        RevocationService.name: RevocationService.knownSettings,
        NotificationService.name: NotificationService.knownSettings,
        VehicleGatewayService.name: VehicleGatewayService.knownSettings,
    ]

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
    }
}
