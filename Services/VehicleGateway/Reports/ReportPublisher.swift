// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Kafka
import KeyCrypto
import Logging
import ServiceKit
import ServiceLifecycle

/// Sends reports from the state file to `vehicle.reports`, in order, at least once.
///
/// A broker that is away only delays them: they stay in SQLite until it confirms.
struct ReportPublisher: Service {
    let store: GatewayStore
    let kafka: KafkaConfiguration
    let host: ServiceHost
    /// Rung when a report was queued.
    let bell: Bell

    /// Reports of one transmission.
    static let batch = 100
    /// When a transmission is given up, and the next is made by a producer that knows nothing of it.
    static let patience = Duration.seconds(10)

    func run() async throws {
        await cancelWhenGracefulShutdown { await publishForever() }
    }

    private func publishForever() async {
        while !Task.isCancelled {
            do {
                var options = KafkaProducerOptions()
                options.deliveryTimeout = Self.patience
                let producer = try KafkaProducer(kafka, options: options)
                defer { Task { await producer.close(timeout: .seconds(1)) } }
                while !Task.isCancelled {
                    if try await publish(producer) == 0 { await bell.wait(atMost: .seconds(30)) }
                }
            } catch {
                guard !Task.isCancelled else { return }
                host.logger.warning("reports wait", metadata: ["reason": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func publish(_ producer: KafkaProducer) async throws -> Int {
        let reports = try await store.unsentReports(limit: Self.batch)
        guard !reports.isEmpty else { return 0 }
        var records: [KafkaRecord] = []
        for report in reports {
            guard let vehicle = try await store.vehicle(report.vehicleId) else { continue }
            let key = try PrivateKey(
                scalar: [UInt8](hex: vehicle.provisioning.vehicleKey))
            records.append(
                try EventRecord.make(
                    try await ReportSigner.sign(report, with: key),
                    id: ReportSigner.eventId(of: report), time: report.at,
                    environment: host.shared.environment))
        }
        try await producer.send(records)
        try await store.markSent(reports)
        return reports.count
    }
}
