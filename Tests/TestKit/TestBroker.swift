// SPDX-License-Identifier: Apache-2.0
internal import Kafka
internal import Synchronization

/// The kinds of broker on which events must behave the same.
public enum BrokerKind: String, Sendable {
    /// The broker of the development stack, librdkafka's mock cluster.
    case development
    /// Tansu, through a proxy that breaks things on demand.
    case tansu

    /// The arguments of a test that runs on every kind; without Tansu on one, and loudly so.
    public static func all(_ file: String = #fileID) -> [BrokerKind] {
        Tansu.canRun(file) ? [.development, .tansu] : [.development]
    }
}

/// A broker of one kind for one test; killed, it has forgotten everything.
public final class TestBroker: Sendable {
    /// Where clients connect.
    public let address: String
    /// What is between the clients and Tansu; nothing is before the development broker.
    public let proxy: FaultProxy?
    private let process: BrokerProcess
    private let topics: [String: Int]

    /// Starts a broker with `topics` and their numbers of partitions. Only the development broker
    /// makes further topics by itself.
    public static func start(_ kind: BrokerKind, topics: [String: Int]) async throws -> TestBroker {
        switch kind {
        case .development:
            let process = try await BrokerProcess.development(topics: topics)
            return TestBroker(process, proxy: nil, topics: topics)
        case .tansu:
            let proxy = try await FaultProxy(upstream: UInt16(FreePort.take()))
            let process = try await Tansu.start(behind: proxy)
            let broker = TestBroker(process, proxy: proxy, topics: topics)
            try await broker.makeTopics()
            return broker
        }
    }

    private init(_ process: BrokerProcess, proxy: FaultProxy?, topics: [String: Int]) {
        self.process = process
        self.proxy = proxy
        self.topics = topics
        address = proxy?.address ?? process.address
    }

    /// SIGKILL.
    public func kill() { process.kill() }

    /// Starts it again at the same address, empty but for the topics.
    public func restart() async throws {
        try await process.start()
        try await makeTopics()
    }

    /// Ends broker and proxy.
    public func end() async {
        process.kill()
        await proxy?.close()
    }

    private func makeTopics() async throws {
        guard proxy != nil else { return }
        let admin = try KafkaAdmin(
            KafkaConfiguration(
                bootstrapServers: [address], clientID: "topics", security: .plaintext))
        let wanted = topics.map { KafkaTopic(name: $0.key, partitions: $0.value) }
        // A client that waits for the broker may ask for a topic first, which makes it.
        try await eventually("the topics", within: .seconds(30)) {
            try await admin.create(wanted).values.allSatisfy { $0 == .created || $0 == .exists }
        }
    }
}
