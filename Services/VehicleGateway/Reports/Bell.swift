// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Wakes one waiting task; a ring while nobody waits is kept.
final class Bell: Sendable {
    private struct State {
        var rang = false
        var waiting: CheckedContinuation<Bool, Never>?
    }

    private let state = Mutex(State())

    func ring() { wake(true) }

    /// True at the next ring; false after `limit` or when the task is cancelled.
    @discardableResult
    func wait(atMost limit: Duration) async -> Bool {
        let alarm = Task {
            if (try? await Task.sleep(for: limit)) != nil { wake(false) }
        }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early: Bool? = state.withLock { state in
                    if state.rang || Task.isCancelled {
                        defer { state.rang = false }
                        return state.rang
                    }
                    state.waiting = continuation
                    return nil
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            wake(false)
        }
    }

    private func wake(_ isRing: Bool) {
        let waiting = state.withLock { state in
            if state.waiting == nil && isRing { state.rang = true }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(returning: isRing)
    }
}
