// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka
internal import Synchronization

enum Watermarks {
    /// From the broker's last fetch answer; ListOffsets is wrong on some brokers.
    static func lag(of partition: KafkaPartition, _ client: Client) -> Int64? {
        var low: Int64 = -1
        var high: Int64 = -1
        guard
            rd_kafka_get_watermark_offsets(
                client.pointer, partition.topic, partition.number, &low, &high)
                == RD_KAFKA_RESP_ERR_NO_ERROR, high >= 0
        else { return nil }
        let position = PartitionList([(partition, -1001)]).lend { list -> Int64 in
            let answer = rd_kafka_position(client.pointer, list)
            return answer == RD_KAFKA_RESP_ERR_NO_ERROR ? list.pointee.elems.pointee.offset : -1
        }
        // Nothing was read yet: an empty partition has no lag, of others we cannot say.
        guard position >= 0 else { return high == low ? 0 : nil }
        return max(0, high - position)
    }
}

/// The lag of the last statistics.
final class LagBox: Sendable {
    private let state = Mutex<[KafkaPartition: Int64]>([:])
    var value: [KafkaPartition: Int64] { state.withLock { $0 } }
    func replace(_ lag: [KafkaPartition: Int64]) { state.withLock { $0 = lag } }
}
