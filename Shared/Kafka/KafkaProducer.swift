// SPDX-License-Identifier: Apache-2.0

/// How a producer sends.
public struct KafkaProducerOptions: Sendable {
    /// How records are packed.
    public enum Compression: String, Sendable { case none, lz4, zstd }

    /// How records are packed.
    public var compression: Compression = .none
    /// How long a record may wait for company; more is more throughput and more delay.
    public var linger: Duration = .milliseconds(2)
    /// When a record that no broker took is given up; nil is never, the sender decides by
    /// cancelling.
    public var deliveryTimeout: Duration?
    /// How many records may be on their way; senders beyond that wait.
    public var recordsInFlight = 20_000
    /// How many bytes may be on their way; senders beyond that wait.
    public var bytesInFlight = 64 << 20

    /// The defaults.
    public init() {}

    func settings() throws(KafkaError) -> [Setting] {
        guard (1...1_000_000).contains(recordsInFlight), bytesInFlight > 0,
            bytesInFlight <= 1 << 30
        else { throw .configuration("1 to 1,000,000 records and 1 GiB in flight") }
        return [
            Setting("acks", "all"),
            Setting("enable.idempotence", "true"),
            Setting("max.in.flight.requests.per.connection", "5"),
            Setting("partitioner", "murmur2_random"),
            Setting("compression.codec", compression.rawValue),
            Setting("linger.ms", String(linger.wholeMilliseconds)),
            Setting("message.timeout.ms", deliveryTimeout?.milliseconds() ?? "0"),
            Setting("retry.backoff.ms", "50"),
            // Above what the gate lets in, so that librdkafka's own queue is never full.
            Setting("queue.buffering.max.messages", String(recordsInFlight + 1_000)),
            Setting("queue.buffering.max.kbytes", String(bytesInFlight / 1024 + 200_000)),
        ]
    }
}

/// Sends records: each is acknowledged by all in-sync replicas, and written once while this
/// producer lives (idempotence). A broker that is away delays records, it does not fail them.
public final class KafkaProducer: Sendable {
    private let core: ProducerCore

    /// Starts the producer; brokers need not be there yet.
    public init(
        _ configuration: KafkaConfiguration, options: KafkaProducerOptions = .init(),
        observer: (any KafkaObserver)? = nil
    ) throws(KafkaError) {
        core = try ProducerCore(
            settings: configuration.settings() + options.settings(),
            gate: FlowGate(records: options.recordsInFlight, bytes: options.bytesInFlight),
            hooks: ClientHooks(observer: observer))
        core.start()
    }

    deinit { core.close(within: .zero, then: nil) }

    /// Sends one record and waits until it is written.
    @discardableResult
    public func send(_ record: KafkaRecord) async throws(KafkaError) -> KafkaPosition {
        guard let outcome = try await outcomes(of: [record]).first else { throw .closed }
        return try outcome.get()
    }

    /// Sends records in order and waits until all are written; throws the first failure.
    @discardableResult
    public func send(_ records: [KafkaRecord]) async throws(KafkaError) -> [KafkaPosition] {
        var positions: [KafkaPosition] = []
        positions.reserveCapacity(records.count)
        for outcome in try await outcomes(of: records) { positions.append(try outcome.get()) }
        return positions
    }

    /// Sends records in order and tells for each, in the same order, where it lies or why it does
    /// not; throws only when cancelled, and then some may still be written.
    public func outcomes(
        of records: [KafkaRecord]
    ) async throws(KafkaError) -> [Result<KafkaPosition, KafkaError>] {
        guard !records.isEmpty else { return [] }
        let ticket = DeliveryTicket(count: records.count)
        for (index, record) in records.enumerated() { try await core.send(record, ticket, index) }
        return try await ticket.outcomes().get()
    }

    /// Waits up to `timeout` until everything is written, fails what is left, and ends; safe to
    /// call twice.
    public func close(timeout: Duration = .seconds(10)) async {
        await withCheckedContinuation { continuation in
            core.close(within: timeout) { continuation.resume() }
        }
    }
}
