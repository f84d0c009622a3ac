// SPDX-License-Identifier: Apache-2.0
import Kafka
import Synchronization
import Testing

/// Something did not happen in time.
struct TooLate: Error {}

func configuration(_ address: String, _ name: String = "tests") -> KafkaConfiguration {
    var configuration = KafkaConfiguration(
        bootstrapServers: [address], clientID: name, security: .plaintext)
    configuration.statisticsInterval = .milliseconds(200)
    configuration.metadataInterval = .seconds(1)
    configuration.longestReconnectPause = .milliseconds(200)
    configuration.requestTimeout = .seconds(2)
    return configuration
}

/// The development broker lets the first member of a group wait for 3 s and forgets who is silent
/// for the session timeout meanwhile, so that must be longer; a member after that may wait for
/// several times 5 s. Tansu waits for half of the session timeout.
func quickOptions(session: Duration = .seconds(6)) -> KafkaConsumerOptions {
    var options = KafkaConsumerOptions()
    options.sessionTimeout = session
    options.heartbeatInterval = .milliseconds(200)
    options.fetchWait = .milliseconds(10)
    return options
}

func record(_ topic: String, _ key: String, _ value: String) -> KafkaRecord {
    KafkaRecord(topic: topic, key: Array(key.utf8), value: Array(value.utf8))
}

extension KafkaMessage {
    var keyText: String { String(decoding: key ?? [], as: UTF8.self) }
    var text: String { String(decoding: value ?? [], as: UTF8.self) }
}

func within<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw TooLate()
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw TooLate() }
        return value
    }
}

/// Reads until `enough` says so about everything read so far.
func read(
    _ consumer: KafkaConsumer, within limit: Duration = .seconds(45), commits: Bool = false,
    until enough: @escaping @Sendable ([KafkaMessage]) -> Bool
) async throws -> [KafkaMessage] {
    try await within(limit) {
        var all: [KafkaMessage] = []
        for try await batch in consumer {
            all += batch
            if commits { try await consumer.commit(batch) }
            if enough(all) { break }
        }
        return all
    }
}

/// A value that several threads may change.
final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value { state.withLock { $0 } }
    func change(_ body: @Sendable (inout Value) -> Void) { state.withLock { body(&$0) } }
}

func eventually(
    within limit: Duration = .seconds(10), _ condition: @Sendable () async -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while await !condition() {
        guard ContinuousClock.now < deadline else { throw TooLate() }
        try await Task.sleep(for: .milliseconds(20))
    }
}
