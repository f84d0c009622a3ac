// SPDX-License-Identifier: Apache-2.0

public import Contracts
internal import Kafka
public import Logging
internal import Synchronization

/// Sends events to the broker and waits for the answer of all in-sync replicas.
///
/// Services with a database say things through `Outbox`. This is for those that queue elsewhere, as
/// the vehicle gateway does: repeat with the same `id` until it returns.
public final class EventPublisher: Sendable {
    private let settings: MessagingSettings
    private let logger: Logger
    private let producer = Mutex<KafkaProducer?>(nil)

    /// Longest wait for the broker.
    static let patience = Duration.seconds(10)

    /// Connects on first use.
    public init(_ settings: MessagingSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// Publishes `event` under `id`; `time` is RFC 3339.
    public func publish<Said: Event>(
        _ event: Said, id: String, time: String, traceparent: String? = nil
    ) async throws {
        let context = EventContext(
            id: id, source: settings.source, type: Said.type, time: time, traceparent: traceparent)
        let body = try EventJSON.encode(event)
        guard body.count <= Outbox.maximumBody else {
            throw MessagingError.tooLarge(type: Said.type, bytes: body.count)
        }
        let topic = Said.topic.name(in: settings.environment)
        let record = CloudEvent(context: context, data: body).record(topic: topic, key: event.key)
        for outcome in try await send([record]) { _ = try outcome.get() }
    }

    /// Flushes and disconnects.
    public func close() async { await take()?.close(timeout: .seconds(2)) }

    /// Gives up what is under way; whoever sends it is told, and the next one connects anew.
    func abandon() async { await take()?.close(timeout: .zero) }

    /// Sends in order. After a silence the producer is replaced, so that records which are sent
    /// again do not pile up behind themselves.
    func send(_ records: [KafkaRecord]) async throws -> [Result<KafkaPosition, KafkaError>] {
        guard !records.isEmpty else { return [] }
        let producer = try current()
        let start = ContinuousClock.now
        do {
            let outcomes = try await within(Self.patience) {
                try await producer.outcomes(of: records)
            }
            MessagingMetrics.sendTook(.now - start)
            let isFatal = outcomes.contains {
                if case .failure(let error) = $0 { error.isFatal } else { false }
            }
            if isFatal { await discard(producer) }
            for (record, outcome) in zip(records, outcomes) {
                if case .success = outcome { MessagingMetrics.sent(record.topic, 1) }
            }
            return outcomes
        } catch {
            await discard(producer)
            throw error
        }
    }

    private func current() throws -> KafkaProducer {
        try producer.withLock { slot in
            if let existing = slot { return existing }
            let made = try KafkaProducer(settings.kafka, observer: KafkaLog(logger: logger))
            slot = made
            return made
        }
    }

    private func discard(_ broken: KafkaProducer) async {
        producer.withLock { if $0 === broken { $0 = nil } }
        await broken.close(timeout: .zero)
    }

    private func take() -> KafkaProducer? {
        producer.withLock { slot in
            defer { slot = nil }
            return slot
        }
    }
}

/// Runs `body`, cancelled after `limit`.
func within<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw MessagingError.brokerSilent
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw MessagingError.brokerSilent }
        return first
    }
}
