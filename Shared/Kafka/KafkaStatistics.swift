// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// A client's numbers, from librdkafka's statistics.
public struct KafkaStatistics: Sendable {
    /// Records waiting in the producer.
    public var waitingRecords: Int
    /// Bytes waiting in the producer.
    public var waitingBytes: Int
    /// Requests sent since the start.
    public var requests: Int
    /// Records sent since the start.
    public var sentRecords: Int
    /// Records received since the start.
    public var receivedRecords: Int
    /// Brokers that are connected.
    public var connectedBrokers: Int
    /// Records behind the end of each partition, where known.
    public var lag: [KafkaPartition: Int64]

    init?(json: some Collection<UInt8>) {
        guard let raw = try? JSONDecoder().decode(Raw.self, from: Data(json)) else { return nil }
        waitingRecords = raw.msg_cnt ?? 0
        waitingBytes = raw.msg_size ?? 0
        requests = raw.tx ?? 0
        sentRecords = raw.txmsgs ?? 0
        receivedRecords = raw.rxmsgs ?? 0
        connectedBrokers =
            Set(
                (raw.brokers ?? [:]).values.filter { $0.state == "UP" && ($0.nodeid ?? -1) >= 0 }
                    .map(\.nodeid)
            ).count
        lag = [:]
        for (topic, content) in raw.topics ?? [:] {
            for partition in content.partitions.values where partition.partition >= 0 {
                guard let behind = partition.consumer_lag, behind >= 0 else { continue }
                lag[KafkaPartition(topic: topic, number: partition.partition)] = behind
            }
        }
    }

    // Names as in librdkafka's STATISTICS.md.
    private struct Raw: Decodable {
        struct Broker: Decodable {
            var nodeid: Int?
            var state: String?
        }
        struct Topic: Decodable {
            struct Partition: Decodable {
                var partition: Int32
                var consumer_lag: Int64?
            }
            var partitions: [String: Partition]
        }
        var msg_cnt: Int?
        var msg_size: Int?
        var tx: Int?
        var txmsgs: Int?
        var rxmsgs: Int?
        var brokers: [String: Broker]?
        var topics: [String: Topic]?
    }
}
