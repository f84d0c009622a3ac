// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Kafka
import Synchronization
import ServiceTestKit
import TestKit

/// Every record on the broker of a running stack, written to a file as it is.
struct EventDump {
    let basePort: Int
    let file: URL

    private final class Bytes: Sendable {
        let state = Mutex((count: 0, data: Data()))
    }

    /// Reads all there is, and until one record holds `last`.
    func write(until last: String? = nil) async throws {
        let consumer = try KafkaConsumer(
            KafkaConfiguration(
                bootstrapServers: ["127.0.0.1:\(basePort + 9)"], clientID: "dump",
                security: .plaintext),
            fromTheBeginningOf: Topic.allCases.map { $0.name(in: "development") })
        let bytes = Bytes()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for try await batch in consumer {
                    bytes.state.withLock { state in
                        state.count += batch.count
                        for record in batch { state.data.append(Self.lines(record)) }
                    }
                }
            }
            var before = 0
            try await eventually("all records", within: .seconds(60)) {
                let (lag, partitions) = (consumer.lag(), consumer.assignment)
                let isAtEnd = !partitions.isEmpty && partitions.allSatisfy { lag[$0] == 0 }
                return bytes.state.withLock { state in
                    defer { before = state.count }
                    guard isAtEnd, state.count == before else { return false }
                    return last.map { state.data.range(of: Data($0.utf8)) != nil } ?? true
                }
            }
            group.cancelAll()
        }
        await consumer.close()
        try bytes.state.withLock { try $0.data.write(to: file) }
    }

    private static func lines(_ record: KafkaMessage) -> Data {
        let parts = [record.key ?? [], record.value ?? []] + record.headers.map { $0.value ?? [] }
        return Data((Array(record.topic.utf8) + parts.joined(separator: [0x0A]) + [0x0A]))
    }
}
