// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Bounds records and bytes on their way; senders wait in order for room.
final class FlowGate: Sendable {
    private struct Waiter {
        let id: UInt64
        let bytes: Int
        let continuation: CheckedContinuation<KafkaError?, Never>
    }

    private struct State {
        var records = 0
        var bytes = 0
        var nextID: UInt64 = 0
        var cancelled: Set<UInt64> = []
        var waiters: [Waiter] = []
        var isClosed = false
    }

    private let maximumRecords: Int
    private let maximumBytes: Int
    private let state = Mutex(State())

    init(records: Int, bytes: Int) {
        maximumRecords = records
        maximumBytes = bytes
    }

    /// Takes room for one record, waiting for it when there is none.
    func enter(bytes: Int) async throws(KafkaError) {
        let id = state.withLock { state -> UInt64? in
            if !state.isClosed, state.waiters.isEmpty, fits(bytes, state) {
                state.records += 1
                state.bytes += bytes
                return nil
            }
            state.nextID += 1
            return state.nextID
        }
        guard let id else { return }
        let refusal = await wait(id, bytes)
        state.withLock { _ = $0.cancelled.remove(id) }
        if let refusal { throw refusal }
    }

    private func wait(_ id: UInt64, _ bytes: Int) async -> KafkaError? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { state in
                    if state.isClosed { return continuation.resume(returning: .closed) }
                    if state.cancelled.contains(id) {
                        return continuation.resume(returning: .cancelled)
                    }
                    state.waiters.append(Waiter(id: id, bytes: bytes, continuation: continuation))
                    admit(&state)
                }
            }
        } onCancel: {
            state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return
                }
                state.waiters.remove(at: index).continuation.resume(returning: .cancelled)
            }
        }
    }

    /// Gives room back.
    func leave(records: Int, bytes: Int) {
        state.withLock { state in
            state.records -= records
            state.bytes -= bytes
            admit(&state)
        }
    }

    /// Refuses all who wait and all who come.
    func close() {
        state.withLock { state in
            state.isClosed = true
            for waiter in state.waiters { waiter.continuation.resume(returning: .closed) }
            state.waiters = []
        }
    }

    private func admit(_ state: inout State) {
        var admitted = 0
        for waiter in state.waiters {
            guard fits(waiter.bytes, state) else { break }
            state.records += 1
            state.bytes += waiter.bytes
            waiter.continuation.resume(returning: nil)
            admitted += 1
        }
        state.waiters.removeFirst(admitted)
    }

    private func fits(_ bytes: Int, _ state: borrowing State) -> Bool {
        state.records == 0
            || (state.records < maximumRecords && state.bytes + bytes <= maximumBytes)
    }
}
