// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka
internal import Synchronization

/// Where a consumer reads the partitions that are given to it.
final class StartingPoint: Sendable {
    private struct State {
        var start: KafkaConsumerOptions.Start
        var hasTaken = false
        var committed: Set<KafkaPartition> = []

        func offset(of partition: KafkaPartition) -> Int64 {
            let isNew = start == .beginning && !committed.contains(partition)
            return Int64(isNew ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_STORED)
        }
    }

    private let state: Mutex<State>

    init(_ start: KafkaConsumerOptions.Start) { state = Mutex(State(start: start)) }

    /// These are given to the consumer; with the offsets where it is to read them.
    func take(_ partitions: [KafkaPartition]) -> PartitionList {
        state.withLock { state in
            if !partitions.isEmpty { state.hasTaken = true }
            return PartitionList(partitions.map { ($0, state.offset(of: $0)) })
        }
    }

    /// The consumer has committed records of these.
    func noteCommitted(_ partitions: some Sequence<KafkaPartition>) {
        state.withLock { $0.committed.formUnion(partitions) }
    }

    /// Everything is to be read from the beginning; false when it is too late for that.
    func beginAnew() -> Bool {
        state.withLock { state in
            guard !state.hasTaken else { return false }
            state.start = .beginning
            return true
        }
    }
}
