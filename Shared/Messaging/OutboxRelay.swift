// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import FoundationEssentials
internal import Identifiers
internal import Kafka
public import Logging
public import Postgres
public import ServiceLifecycle
internal import Synchronization

/// Publishes the outbox in order, whatever is away in between.
///
/// One instance at a time holds an advisory lock, reads a batch, sends it, and marks what the broker
/// acknowledged. A crash between the two sends records again; inboxes drop them.
public final class OutboxRelay: Service {
    private let database: Database
    private let publisher: EventPublisher
    private let settings: MessagingSettings
    private let logger: Logger
    private let lastRound = Mutex(ContinuousClock.now)

    static let batch = 500
    static let pollInterval = Duration.seconds(1)
    static let pruneInterval = Duration.seconds(3600)

    /// Relays the outbox in the schema of `database`.
    public init(database: Database, settings: MessagingSettings, logger: Logger) {
        self.database = database
        self.settings = settings
        self.logger = logger
        publisher = EventPublisher(settings, logger: logger)
    }

    /// Time since the last look at the outbox; grows when the relay is stuck (readiness: 60 s).
    public var stalled: Duration { .now - lastRound.withLock { $0 } }

    /// Publishes everything again, in order: after the broker lost its data.
    /// - Returns: how many events.
    @discardableResult
    public func republishAll() async throws -> Int {
        // A batch that waits for the broker which is gone would hold the lock as long as it waits.
        await publisher.abandon()
        return try await database.transaction { transaction in
            // Waits for a batch that is under way, which would else mark its rows afterwards.
            try await transaction.query(
                "SELECT pg_advisory_xact_lock(hashtext('outbox.relay'), hashtext(current_schema()))"
            )
            let count = try await transaction.execute(
                "UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL")
            try await transaction.query("SELECT pg_notify('outbox_' || current_schema(), '')")
            return count
        }
    }

    /// Runs until shutdown.
    public func run() async throws {
        let channel = "outbox_\(database.settings.schema ?? "public")"
        let wake = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let notices = try database.listen(channel)
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in notices { wake.continuation.yield() }
                }
                group.addTask { [self] in
                    while !Task.isCancelled {
                        wake.continuation.yield()
                        await measure()
                        try? await Task.sleep(for: Self.pollInterval)
                    }
                    wake.continuation.finish()
                }
                group.addTask { [self] in await relay(wake.stream) }
                await group.waitForAll()
            }
        }
        await publisher.close()
    }

    private func relay(_ wakes: AsyncStream<Void>) async {
        var pause = Duration.milliseconds(100)
        var pruned = ContinuousClock.now - Self.pruneInterval
        for await _ in wakes {
            do {
                while try await publishBatch() == Self.batch {}
                if .now - pruned >= Self.pruneInterval {
                    try await prune()
                    pruned = .now
                }
                pause = .milliseconds(100)
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("outbox waits", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            }
            lastRound.withLock { $0 = .now }
        }
    }

    /// Publishes up to one batch; returns how many rows it published.
    func publishBatch() async throws -> Int {
        try await database.transaction { transaction in
            let lock = try await transaction.query(
                """
                SELECT pg_try_advisory_xact_lock(hashtext('outbox.relay'),
                    hashtext(current_schema())) AS mine
                """)
            guard try lock.first?.value("mine") == true else { return 0 }
            let rows = try await transaction.query(
                """
                SELECT sequence, id, aggregatetype, aggregateid, type, payload, traceparent,
                    occurred_at
                FROM outbox WHERE published_at IS NULL ORDER BY sequence LIMIT \(Self.batch)
                """)
            let records = try rows.map(record)
            let outcomes = try await publisher.send(records)
            var stopped: Set<[UInt8]> = []
            var failure: KafkaError?
            var done: [String] = []
            for (index, outcome) in outcomes.enumerated() {
                let key = Array(records[index].topic.utf8) + (records[index].key ?? [])
                if case .failure(let error) = outcome {
                    failure = error
                    stopped.insert(key)
                } else if !stopped.contains(key) {
                    // What follows a failure of the same key is sent again behind it.
                    done.append(String(try rows[index].value("sequence", as: Int.self)))
                }
            }
            try await transaction.execute(
                """
                UPDATE outbox SET published_at = clock_timestamp(), attempts = attempts + 1
                WHERE sequence = ANY(\(PostgresValue.texts(done))::text[]::bigint[])
                """)
            if let failure {
                logger.warning("records were refused", metadata: ["error": "\(failure)"])
                return 0
            }
            return rows.count
        }
    }

    private func record(_ row: Row) throws -> KafkaRecord {
        let name: String = try row.value("aggregatetype")
        guard let topic = Topic(rawValue: name) else { throw MessagingError.unknownTopic(name) }
        let context = EventContext(
            id: try row.value("id", as: UUID.self).uuidString.lowercased(), source: settings.source,
            type: try row.value("type"), time: "\(try row.value("occurred_at", as: Instant.self))",
            traceparent: try row.value("traceparent"))
        let payload: String? = try row.value("payload")
        return CloudEvent(context: context, data: payload.map { Array($0.utf8) }).record(
            topic: topic.name(in: settings.environment), key: try row.value("aggregateid"))
    }

    private func measure() async {
        let rows = try? await database.query(
            """
            SELECT count(*) AS waiting, coalesce(
                extract(epoch FROM now() - min(occurred_at)), 0)::double precision AS age
            FROM outbox WHERE published_at IS NULL
            """)
        guard let row = rows?.first, let waiting = try? row.value("waiting", as: Int.self),
            let age = try? row.value("age", as: Double.self)
        else { return }
        MessagingMetrics.outbox(unpublished: waiting, oldestSeconds: age)
    }

    /// Forgets what the topics forget too: events after their retention, states that were replaced.
    func prune() async throws {
        for topic in Topic.allCases {
            if let days = topic.retentionDays {
                try await database.execute(
                    """
                    DELETE FROM outbox WHERE aggregatetype = \(topic.rawValue)
                        AND published_at < now() - make_interval(days => \(days))
                    """)
            } else {
                try await database.execute(
                    """
                    DELETE FROM outbox stale WHERE aggregatetype = \(topic.rawValue)
                        AND published_at IS NOT NULL AND EXISTS (
                            SELECT 1 FROM outbox fresh
                            WHERE fresh.aggregatetype = stale.aggregatetype
                                AND fresh.aggregateid = stale.aggregateid
                                AND fresh.type = stale.type AND fresh.sequence > stale.sequence)
                    """)
            }
        }
    }
}
