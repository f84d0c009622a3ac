// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka

/// The one owner of an `rd_kafka_topic_partition_list_t` made by us.
final class PartitionList {
    typealias Pointer = UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    private let pointer: Pointer

    /// Partitions, each with the offset to read or commit.
    init(_ offsets: [(KafkaPartition, Int64)]) {
        pointer = rd_kafka_topic_partition_list_new(Int32(offsets.count))
        for (partition, offset) in offsets {
            rd_kafka_topic_partition_list_add(pointer, partition.topic, partition.number)
                .pointee.offset = offset
        }
    }

    /// Whole topics.
    convenience init(topics: [String]) {
        self.init(topics.map { (KafkaPartition(topic: $0, number: -1), -1001) })
    }

    /// What a client has assigned now.
    init?(assignmentOf client: Client) {
        var list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
        guard rd_kafka_assignment(client.pointer, &list) == RD_KAFKA_RESP_ERR_NO_ERROR,
            let list
        else { return nil }
        pointer = list
    }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    /// Lends the list; a bare pointer would outlive its owner.
    func lend<Result>(_ body: (Pointer) -> Result) -> Result {
        withExtendedLifetime(self) { body(pointer) }
    }

    /// The first partition's error, for answers that carry one for each.
    static func firstError(
        of list: UnsafePointer<rd_kafka_topic_partition_list_t>
    ) -> rd_kafka_resp_err_t? {
        UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt))
            .first { $0.err != RD_KAFKA_RESP_ERR_NO_ERROR }?.err
    }

    static func partitions(
        of list: UnsafePointer<rd_kafka_topic_partition_list_t>
    ) -> [KafkaPartition] {
        UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt)).map {
            KafkaPartition(topic: String(cString: $0.topic), number: $0.partition)
        }
    }
}

/// A change of what a group member reads.
enum Rebalance {
    case assigned([KafkaPartition])
    case revoked([KafkaPartition], lost: Bool)

    /// Tells the hooks before anything is given up, and after everything was taken.
    static func perform(
        _ client: OpaquePointer, _ code: rd_kafka_resp_err_t,
        _ list: UnsafePointer<rd_kafka_topic_partition_list_t>, _ hooks: ClientHooks
    ) {
        let partitions = PartitionList.partitions(of: list)
        if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            _ = hooks.start.take(partitions).lend { rd_kafka_assign(client, $0) }
            hooks.rebalance?(.assigned(partitions))
        } else {
            hooks.rebalance?(.revoked(partitions, lost: rd_kafka_assignment_lost(client) != 0))
            rd_kafka_assign(client, nil)
        }
    }
}
