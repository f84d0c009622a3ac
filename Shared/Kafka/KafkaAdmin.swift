// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka

/// What a broker says about its cluster.
public struct KafkaCluster: Hashable, Sendable {
    /// How many brokers it knows.
    public var brokers: Int { brokerIDs.count }
    /// Each topic's number of partitions.
    public let topics: [String: Int]
    let brokerIDs: Set<Int32>
}

/// A topic to be made.
public struct KafkaTopic: Hashable, Sendable {
    /// The full name.
    public var name: String
    /// How many partitions; cannot be changed later without breaking the order of keys.
    public var partitions: Int
    /// Copies of each partition; -1 is the broker's default.
    public var replicas: Int
    /// Topic settings such as `cleanup.policy`.
    public var settings: [String: String]

    /// A topic with one copy of each partition.
    public init(
        name: String, partitions: Int, replicas: Int = 1, settings: [String: String] = [:]
    ) {
        self.name = name
        self.partitions = partitions
        self.replicas = replicas
        self.settings = settings
    }
}

/// What became of a topic to be made.
public enum KafkaTopicCreation: Hashable, Sendable {
    /// It is there now.
    case created
    /// It was there before, perhaps with other settings.
    case exists
    /// This broker cannot make topics; it makes them by itself or not at all.
    case unsupported
    /// It was refused.
    case failed(KafkaError)
}

/// Questions and orders to a cluster, each bounded in time.
public final class KafkaAdmin: Sendable {
    private let client: Client

    /// Brokers need not be there yet.
    public init(
        _ configuration: KafkaConfiguration, observer: (any KafkaObserver)? = nil
    ) throws(KafkaError) {
        client = try Client(
            .producer, configuration.settings(), hooks: ClientHooks(observer: observer))
    }

    /// Asks any broker what it knows; throws when none answers in time.
    public func cluster(timeout: Duration = .seconds(2)) async throws(KafkaError) -> KafkaCluster {
        let client = client
        return try await blocking {
            Metadata.ask(client.pointer, topic: nil, milliseconds: timeout.wholeMilliseconds)
        }
        .get()
    }

    /// Whether a broker answers in time; throws why not.
    public func ping(timeout: Duration = .seconds(2)) async throws(KafkaError) {
        _ = try await cluster(timeout: timeout)
    }

    /// The number of partitions of `topic`; nil when the broker does not have it. Brokers that make
    /// topics by themselves may do so when asked.
    public func partitions(
        of topic: String, timeout: Duration = .seconds(2)
    ) async throws(KafkaError) -> Int? {
        let client = client
        let cluster = await blocking {
            Metadata.ask(client.pointer, topic: topic, milliseconds: timeout.wholeMilliseconds)
        }
        return try cluster.get().topics[topic]
    }

    /// Makes topics that are not there yet.
    public func create(
        _ topics: [KafkaTopic], timeout: Duration = .seconds(10)
    ) async throws(KafkaError) -> [String: KafkaTopicCreation] {
        guard !topics.isEmpty else { return [:] }
        let client = client
        return try await blocking {
            TopicCreation.perform(client, topics, milliseconds: timeout.wholeMilliseconds)
        }.get()
    }

    private func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value
    ) async -> Value {
        await withCheckedContinuation { continuation in
            onOwnThread("kafka-admin") { continuation.resume(returning: body()) }
        }
    }
}
