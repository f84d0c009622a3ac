// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka
internal import Synchronization

/// Commits on their way, by number; the number is what librdkafka carries as its opaque pointer,
/// so an answer that never comes leaks nothing.
final class CommitDesk: Sendable {
    private typealias Waiter = CheckedContinuation<KafkaError?, Never>

    private struct State {
        var nextNumber = 1
        var waiters: [Int: Waiter] = [:]
        var cancelled: Set<Int> = []
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Runs `commit` with a number and waits for that number's answer.
    func wait(_ commit: (Int) -> rd_kafka_resp_err_t) async -> KafkaError? {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let refusal = state.withLock { state -> KafkaError? in
                    if state.isClosed { return .closed }
                    if state.cancelled.contains(number) { return .cancelled }
                    state.waiters[number] = waiter
                    return nil
                }
                if let refusal { return waiter.resume(returning: refusal) }
                let error = commit(number)
                if error != RD_KAFKA_RESP_ERR_NO_ERROR { answer(number, .refused(error)) }
            }
        } onCancel: {
            state.withLock { _ = $0.cancelled.insert(number) }
            answer(number, .cancelled)
        }
        state.withLock { _ = $0.cancelled.remove(number) }
        return result
    }

    func answer(_ number: Int, _ error: KafkaError?) {
        state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: error)
    }

    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume(returning: .closed) }
    }
}
