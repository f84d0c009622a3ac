// SPDX-License-Identifier: Apache-2.0

public import Contracts
internal import Kafka
public import Logging
public import Postgres
public import ServiceLifecycle
internal import Synchronization

/// Hears events: each has its effect once, those of one key in order.
///
///     let consumer = EventConsumer(database: database, settings: messaging, logger: logger)
///         .on(KeyTracked.self) { event, context, transaction in … }
///
/// A handler runs in the transaction that also remembers the event; it must have no other effect. A
/// handler that throws is tried again later (1, 2, 4 … 60 s), and meanwhile later events of the same
/// key wait; after `maximumAttempts` the record goes to the dead letters and the key goes on. One
/// that throws `UnusableEvent` sends the record there at once.
public final class EventConsumer: Service {
    /// Has the effect of an event, or throws.
    typealias Handler = @Sendable ([UInt8], EventContext, Transaction) async throws -> Void

    let database: Database
    let settings: MessagingSettings
    let logger: Logger
    let handlers: [String: (topic: Topic, handler: Handler)]
    let deadLetters: DeadLetters
    private let publisher: EventPublisher
    private let reading = Mutex(Reading())

    private struct Reading {
        var consumer: KafkaConsumer?
        var options = KafkaConsumerOptions()
    }

    /// Tries before a record goes to the dead letters: about two minutes.
    public static let maximumAttempts = 8
    /// Keys that are handled at the same time.
    static let concurrency = 4

    /// Hears nothing yet; add handlers with `on`. The group is the name of the service.
    public convenience init(database: Database, settings: MessagingSettings, logger: Logger) {
        self.init(database, settings, logger, [:])
    }

    private init(
        _ database: Database, _ settings: MessagingSettings, _ logger: Logger,
        _ handlers: [String: (topic: Topic, handler: Handler)]
    ) {
        self.database = database
        self.settings = settings
        self.logger = logger
        self.handlers = handlers
        publisher = EventPublisher(settings, logger: logger)
        deadLetters = DeadLetters(
            settings: settings, publisher: publisher,
            group: "latchkey.\(settings.environment).\(settings.service)", logger: logger)
    }

    /// This consumer, with `handle` for `Heard`. Other known events of its topic are skipped.
    public func on<Heard: Event>(
        _ type: Heard.Type,
        _ handle: @escaping @Sendable (Heard, EventContext, Transaction) async throws -> Void
    ) -> EventConsumer {
        var more = handlers
        more[Heard.type] = (
            Heard.topic,
            { bytes, context, transaction in
                let event: Heard
                do { event = try EventJSON.decode(Heard.self, from: bytes) } catch {
                    throw Undecodable()
                }
                try await handle(event, context, transaction)
            }
        )
        return EventConsumer(database, settings, logger, more)
    }

    /// Thrown for a body that does not fit its type; trying again is no use.
    struct Undecodable: Error {}

    /// Goes back to the oldest record of every topic: after the broker was replaced. Events that
    /// had their effect do nothing. It takes another consumer if the present one has read anything:
    /// what it is about to commit, and the new broker would believe, is about records that are gone.
    public func readFromBeginning() async {
        let old = reading.withLock { reading in
            reading.options.start = .beginning
            return reading.consumer
        }
        if let old, !old.beginAnew() { await old.close() }
    }

    /// Whether there is anything to hear.
    public var isListening: Bool { !handlers.isEmpty }

    /// Names of the topics that are read.
    var topics: [String] {
        Set(handlers.values.map(\.topic.rawValue)).sorted().compactMap(Topic.init(rawValue:))
            .map { $0.name(in: settings.environment) }
    }

    /// Runs until shutdown.
    public func run() async throws {
        guard !handlers.isEmpty else {
            try await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [self] in await retryLoop() }
                group.addTask { [self] in await readLoop() }
                await group.waitForAll()
            }
        }
        await publisher.close()
    }

    private func readLoop() async {
        while !Task.isCancelled {
            do {
                let consumer = try join()
                do { try await read(consumer) } catch { await waitAfter(error) }
                reading.withLock { $0.consumer = nil }
                await consumer.close()
            } catch {
                await waitAfter(error)
            }
        }
    }

    private func join() throws(KafkaError) -> KafkaConsumer {
        try reading.withLock { reading throws(KafkaError) in
            let consumer = try KafkaConsumer(
                settings.kafka, topics: topics, group: deadLetters.group,
                options: reading.options, observer: KafkaLog(logger: logger))
            reading.consumer = consumer
            return consumer
        }
    }

    private func waitAfter(_ error: any Error) async {
        guard !Task.isCancelled else { return }
        logger.warning("reading starts again", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: .seconds(1))
    }

    private func read(_ consumer: KafkaConsumer) async throws {
        for try await batch in consumer {
            guard !Task.isCancelled else { return }
            try await handleAll(batch)
            do {
                try await consumer.commit(batch)
            } catch {
                // The records come again and the inbox knows them.
                logger.debug("offsets not committed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Handles a batch, lane by lane in order, some lanes at a time.
    private func handleAll(_ batch: [KafkaMessage]) async throws {
        let lanes = Dictionary(grouping: batch, by: ParkedRecords.lane(of:))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, lane) in lanes.values.enumerated() {
                if index >= Self.concurrency { try await group.next() }
                group.addTask { [self] in
                    for message in lane { try await handlePersistently(message) }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Waits for a database or broker that is away: that is no fault of the record.
    private func handlePersistently(_ message: KafkaMessage) async throws {
        var pause = Duration.milliseconds(100)
        while true {
            try Task.checkCancellation()
            do {
                return try await handle(message)
            } catch let error where !(error is CancellationError) {
                logger.warning("consumer waits", metadata: ["error": "\(Self.describe(error))"])
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    /// The type and, for errors that carry no payload, what they say.
    static func describe(_ error: any Error) -> String {
        (error as? PostgresError)?.description ?? (error as? KafkaError)?.description
            ?? "\(type(of: error))"
    }
}

/// Thrown by a handler for an event that no later try can use, such as one with a forged signature:
/// else whoever writes such records could hold up a key.
public struct UnusableEvent: Error {
    public init() {}
}
