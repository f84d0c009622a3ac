// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Kafka
import Messaging
import PCSC
public import ServiceKit
public import ServiceLifecycle

/// Cars at their readers: serves phones, keeps each car's keys and state on board, applies vehicle
/// documents, reports. Doors open with broker and servers away. Start at `Readers/TapRunner.swift`.
public struct VehicleGatewayService: SuiteService {
    public static let name = "vehicle-gateway"
    public static let summary = "serves phones at the readers of cars"

    public let listeners: [HTTPListener]
    public let background: [any Service]
    public let readiness: [Check]

    /// Opens the state file; needs neither broker nor PC/SC service to be there.
    public init(settings: GatewaySettings, host: ServiceHost) async throws {
        let store = try GatewayStore(path: settings.state)
        let (status, readers, codes) = (ReaderStatus(), ReaderMap(), ActivationCodes())
        let (reports, documents) = (Bell(), Bell())
        try await readers.load(from: store)
        let streams = Bell()
        let desk = VehicleDesk(
            store: store, readers: readers, codes: codes, host: host, reports: reports,
            documents: documents, streams: streams)
        let profile = ReaderProfile.named(settings.readerProfile.rawValue) ?? .generic
        let taps = TapRunner(
            store: store, readers: readers, codes: codes, host: host, profile: profile,
            make: settings.readerMake, reports: reports,
            traces: .init(
                folder: URL(filePath: settings.state).deletingLastPathComponent()
                    .appending(path: "traces", directoryHint: .isDirectory),
                keepsAll: settings.traces == .all))
        let kafka = try MessagingSettings(
            service: Self.name, environment: host.shared.environment, brokers: host.shared.kafka
        ).kafka
        listeners = [
            HTTPListener(
                "car", at: settings.apiAddress, host: host, problems: { CarRoutes.problem(for: $0) }
            ) { router in
                CarRoutes(desk: desk, status: status).add(to: router)
            }
        ]
        background = [
            ReaderWatch(status: status, host: host) { reader in await taps.serve(reader) },
            StreamWatch(store: store, taps: taps, host: host, changes: streams),
            DocumentConsumer(
                desk: DocumentDesk(store: store, host: host, reports: reports), kafka: kafka,
                host: host, again: documents),
            ReportPublisher(store: store, kafka: kafka, host: host, bell: reports),
        ]
        readiness = [
            Check("state file") { try await store.ping() },
            Check("PC/SC service") {
                guard status.isServiceThere else { throw PCSCError.serviceGone }
            },
        ]
        host.onBrokerReplaced("reports and documents") {
            try await store.markAllUnsent()
            reports.ring()
            documents.ring()
        }
    }
}
