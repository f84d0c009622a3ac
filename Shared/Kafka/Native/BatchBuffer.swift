// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Synchronization

/// Between the consumer's thread and the application: bounded, in order, without what was revoked.
final class BatchBuffer: Sendable {
    private typealias Waiter = CheckedContinuation<Result<[KafkaMessage]?, KafkaError>, Never>

    private struct State {
        var messages: [KafkaMessage] = []
        var bytes = 0
        var assignment: Set<KafkaPartition> = []
        var end: Result<[KafkaMessage]?, KafkaError>?
        var waiters: [(id: UInt64, waiter: Waiter)] = []
        var cancelled: Set<UInt64> = []
        var nextID: UInt64 = 0
    }

    private let batch: Int
    private let maximumBytes = 16 << 20
    private let state = Mutex(State())
    /// Raised when there is room again, or something else for the thread to look at.
    let news = DispatchSemaphore(value: 0)

    init(batch: Int) { self.batch = batch }

    var assignment: Set<KafkaPartition> { state.withLock { $0.assignment } }

    var hasRoom: Bool {
        state.withLock { $0.messages.count < 2 * batch && $0.bytes < maximumBytes }
    }

    func append(_ messages: [KafkaMessage]) {
        state.withLock { state in
            let kept = messages.filter { state.assignment.contains($0.position.partition) }
            state.messages += kept
            state.bytes += kept.reduce(0) { $0 + $1.size }
            hand(&state)
        }
    }

    func assign(_ partitions: [KafkaPartition]) {
        state.withLock { $0.assignment.formUnion(partitions) }
    }

    func revoke(_ partitions: [KafkaPartition]) {
        state.withLock { state in
            state.assignment.subtract(partitions)
            state.messages.removeAll { !state.assignment.contains($0.position.partition) }
            state.bytes = state.messages.reduce(0) { $0 + $1.size }
        }
    }

    /// Follows a rebalance and tells the application.
    func note(_ change: Rebalance, _ told: (@Sendable (KafkaAssignment) -> Void)?) {
        switch change {
        case .assigned(let partitions):
            assign(partitions)
            told?(.assigned(partitions))
        case .revoked(let partitions, let lost):
            revoke(partitions)
            told?(lost ? .lost(partitions) : .revoked(partitions))
        }
    }

    func end(_ error: KafkaError?) {
        state.withLock { state in
            guard state.end == nil else { return }
            state.messages = []
            state.bytes = 0
            state.end = error.map { .failure($0) } ?? .success(nil)
            hand(&state)
        }
    }

    func next() async throws(KafkaError) -> [KafkaMessage]? {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                state.withLock { state in
                    if state.cancelled.contains(id) {
                        return waiter.resume(returning: .success(nil))
                    }
                    state.waiters.append((id, waiter))
                    hand(&state)
                }
            }
        } onCancel: {
            state.withLock { state in
                state.cancelled.insert(id)
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return }
                state.waiters.remove(at: index).waiter.resume(returning: .success(nil))
            }
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        return try result.get()
    }

    private func hand(_ state: inout State) {
        while let (_, waiter) = state.waiters.first {
            if !state.messages.isEmpty {
                let taken = Array(state.messages.prefix(batch))
                state.messages.removeFirst(taken.count)
                state.bytes -= taken.reduce(0) { $0 + $1.size }
                waiter.resume(returning: .success(taken))
                news.signal()
            } else if let end = state.end {
                waiter.resume(returning: end)
            } else {
                return
            }
            state.waiters.removeFirst()
        }
    }
}
