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

    /// Reads until as many records came as the services have sent since their start, and one of
    /// them holds `last`.
    func write(until last: String) async throws {
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
            try await eventually("all records", within: .seconds(60)) {
                let sent = try await sent()
                return bytes.state.withLock { state in
                    sent > 0 && state.count >= sent && state.data.range(of: Data(last.utf8)) != nil
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

    /// What all services together have sent, by their metrics.
    private func sent() async throws -> Int {
        var sum = 0
        for service in 0..<6 {
            let url = "http://127.0.0.1:\(basePort + 10 + service)/metrics"
            for line in await answer(of: url)?.body.split(separator: "\n") ?? []
            where line.hasPrefix("messaging_client_sent_messages") {
                sum += line.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) } ?? 0
            }
        }
        return sum
    }
}
