// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka

/// How a consumer reads.
public struct KafkaConsumerOptions: Sendable {
    /// Where a partition that the group gives to this member is read first.
    public enum Start: Sendable {
        /// Behind what the group committed; at the oldest record when it committed nothing.
        case committed
        /// At its oldest record, until this member has committed a record of it. For the time after
        /// a broker was replaced: commits that were under way speak of records it never had.
        case beginning
    }

    /// Where a member of a group begins.
    public var start = Start.committed
    /// The most records in one batch.
    public var batch = 500
    /// How long a group waits for a silent member.
    public var sessionTimeout: Duration = .seconds(10)
    /// How often a member shows that it lives; at most a third of the session timeout.
    public var heartbeatInterval: Duration = .seconds(3)
    /// How long a broker may hold an empty fetch; the development broker and Tansu hold it for the
    /// whole time even when a record arrives, so there this is the delay of a quiet topic.
    public var fetchWait: Duration = .milliseconds(50)
    /// The most bytes one fetch brings.
    public var fetchBytes = 8 << 20

    /// The defaults.
    public init() {}

    func settings() throws(KafkaError) -> [Setting] {
        guard (1...100_000).contains(batch), (1024...(64 << 20)).contains(fetchBytes),
            heartbeatInterval * 3 <= sessionTimeout
        else {
            throw .configuration(
                "1 to 100,000 records a batch, 1 KiB to 64 MiB a fetch, heartbeat a third of the session"
            )
        }
        return [
            Setting("enable.auto.commit", "false"),
            Setting("enable.auto.offset.store", "false"),
            Setting("auto.offset.reset", "earliest"),
            Setting("partition.assignment.strategy", "roundrobin"),
            Setting("session.timeout.ms", sessionTimeout.milliseconds()),
            Setting("heartbeat.interval.ms", heartbeatInterval.milliseconds()),
            Setting("fetch.wait.max.ms", fetchWait.milliseconds()),
            Setting("fetch.max.bytes", String(max(fetchBytes, 1_000_000))),
            Setting("receive.message.max.bytes", String(max(fetchBytes, 1_000_000) + (16 << 20))),
            Setting("fetch.error.backoff.ms", "100"),
            // Prefetch ends at either bound, and librdkafka 2.0 then looks away for a whole second:
            // bounds near the batch size cost nine tenths of the throughput.
            Setting("queued.min.messages", "100000"),
            Setting("queued.max.messages.kbytes", "65536"),
            Setting("isolation.level", "read_uncommitted"),
        ]
    }
}

/// A change of what a consumer reads.
public enum KafkaAssignment: Hashable, Sendable {
    /// These partitions are read from now on.
    case assigned([KafkaPartition])
    /// These are given up; what is not committed yet, somebody else will read again.
    case revoked([KafkaPartition])
    /// These were taken away without asking (the member was silent too long).
    case lost([KafkaPartition])
}

/// Reads topics as an asynchronous sequence of batches, each record at least once.
///
/// Within a batch and from batch to batch a partition's records are in order. Nothing is committed
/// by itself: call `commit` after a batch had its effect. A broker that is away only makes the
/// sequence wait. The sequence ends after `close` and throws only what is fatal.
public final class KafkaConsumer: AsyncSequence, Sendable {
    /// Some records, never none.
    public typealias Element = [KafkaMessage]
    /// The only error the sequence throws.
    public typealias Failure = KafkaError

    private let core: ConsumerCore

    /// Joins `group`, which shares the partitions of `topics` among its members and remembers what
    /// was committed; `options.start` says where it begins. `onAssignment` is called on
    /// the driver's thread, before partitions are given up and after they were taken.
    public init(
        _ configuration: KafkaConfiguration, topics: [String], group: String,
        options: KafkaConsumerOptions = .init(), observer: (any KafkaObserver)? = nil,
        onAssignment: (@Sendable (KafkaAssignment) -> Void)? = nil
    ) throws(KafkaError) {
        guard !group.isEmpty else { throw .configuration("a consumer group needs a name") }
        core = try ConsumerCore(
            configuration.settings() + options.settings() + [Setting("group.id", group)],
            reading: .group(topics), from: options.start, batch: options.batch, observer: observer,
            onAssignment: onAssignment)
        core.start()
    }

    /// Reads all partitions of `topics` from their oldest record, alone, and remembers nothing.
    public init(
        _ configuration: KafkaConfiguration, fromTheBeginningOf topics: [String],
        options: KafkaConsumerOptions = .init(), observer: (any KafkaObserver)? = nil,
        onAssignment: (@Sendable (KafkaAssignment) -> Void)? = nil
    ) throws(KafkaError) {
        // librdkafka wants a group name to make a consumer; without subscribe it joins none.
        let group = Setting("group.id", configuration.clientID + ".alone")
        core = try ConsumerCore(
            configuration.settings() + options.settings() + [group],
            reading: .everything(topics), from: .beginning, batch: options.batch,
            observer: observer,
            onAssignment: onAssignment)
        core.start()
    }

    deinit { core.close(then: nil) }

    /// The batches; one reader at a time gets each of them.
    public func makeAsyncIterator() -> Iterator { Iterator(consumer: self) }

    /// Takes batch after batch.
    public struct Iterator: AsyncIteratorProtocol {
        let consumer: KafkaConsumer

        /// The following batch; nil after `close` or when the task is cancelled.
        public mutating func next() async throws(KafkaError) -> [KafkaMessage]? {
            try await consumer.core.buffer.next()
        }

        /// As above, whatever actor asks.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(KafkaError) -> [KafkaMessage]? {
            try await consumer.core.buffer.next()
        }
    }

    /// Tells the group that everything up to the last record of `batch` in each partition had its
    /// effect. After a failure these records may come again; nothing else is wrong.
    public func commit(_ batch: [KafkaMessage]) async throws(KafkaError) {
        var offsets: [KafkaPartition: Int64] = [:]
        for message in batch {
            offsets[message.position.partition] = Swift.max(
                offsets[message.position.partition] ?? 0, message.offset + 1)
        }
        try await commit(offsets)
    }

    /// Tells the group where each partition is read next (last offset + 1).
    public func commit(_ offsets: [KafkaPartition: Int64]) async throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        try await core.commit(offsets)
    }

    /// Changes `options.start` to the beginning, which works as long as nothing was given to this
    /// member; when it returns false, `close` and take another consumer.
    public func beginAnew() -> Bool { core.beginAnew() }

    /// What is read now.
    public var assignment: Set<KafkaPartition> { core.buffer.assignment }

    /// Records behind the end of each assigned partition, as far as known without asking.
    public func lag() -> [KafkaPartition: Int64] { core.lag() }

    /// Ends the sequence and leaves the group, and has everything freed; safe to call twice.
    public func close() async {
        await withCheckedContinuation { continuation in core.close { continuation.resume() } }
    }
}
