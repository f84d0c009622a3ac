// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A thread of its own for calls that block, so that none of them holds a thread of Swift's pool.
///
/// Jobs run in the order they were submitted. The thread ends after `finish`, once all jobs ran; a
/// job that hangs in C keeps the thread, and nothing else.
final class BlockingThread: @unchecked Sendable {
    // Guarded by `condition`.
    private var jobs: [@Sendable () -> Void] = []
    private var isFinished = false
    private let condition = NSCondition()

    /// Starts the thread; `name` is what a debugger shows.
    init(name: String) {
        let thread = Thread { [self] in run() }
        thread.name = name
        thread.stackSize = 512 * 1024
        thread.start()
    }

    /// Runs `job` after those submitted before; drops it when the thread was finished.
    func submit(_ job: @escaping @Sendable () -> Void) {
        condition.withLock {
            guard !isFinished else { return }
            jobs.append(job)
            condition.signal()
        }
    }

    /// Runs `last` after everything else and ends the thread.
    func finish(_ last: @escaping @Sendable () -> Void) {
        condition.withLock {
            guard !isFinished else { return }
            isFinished = true
            jobs.append(last)
            condition.signal()
        }
    }

    private func run() {
        while let job = next() { job() }
    }

    private func next() -> (@Sendable () -> Void)? {
        condition.withLock {
            while jobs.isEmpty {
                if isFinished { return nil }
                condition.wait()
            }
            return jobs.removeFirst()
        }
    }
}

/// A continuation that is resumed by whoever comes first: the answer or the deadline.
final class Race<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    // Guarded by `lock`.
    private var continuation: CheckedContinuation<Result<Value, PCSCError>, Never>?

    init(_ continuation: CheckedContinuation<Result<Value, PCSCError>, Never>) {
        self.continuation = continuation
    }

    /// Ends the race; false when it was over already.
    @discardableResult
    func finish(_ result: Result<Value, PCSCError>) -> Bool {
        let waiting = lock.withLock {
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume(returning: result)
        return waiting != nil
    }
}
