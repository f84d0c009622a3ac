// SPDX-License-Identifier: Apache-2.0

/// Hands out connections, makes them when needed and forgets broken ones.
actor ConnectionPool {
    private let settings: DatabaseSettings
    private var idle: [Connection] = []
    private var open = 0
    private var waiters: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    private var nextWaiter = 0
    private var isClosed = false
    private var failure: (error: PostgresError, until: ContinuousClock.Instant, pause: Duration)?

    init(settings: DatabaseSettings) { self.settings = settings }

    /// A connection nobody else has; wait at most `timeout`.
    func take(timeout: Duration) async throws(PostgresError) -> Connection {
        let deadline = ContinuousClock.now + timeout
        while true {
            guard !isClosed else { throw .closed }
            if let connection = idle.popLast() { return connection }
            if open < settings.poolSize { return try await connect() }
            guard await turn(by: deadline) else { throw isClosed ? .closed : .busy }
        }
    }

    /// Takes a connection back.
    func give(_ connection: Connection) async {
        let reusable = await connection.isReusable
        if reusable, !isClosed {
            idle.append(connection)
        } else {
            open -= 1
            // What broke one has most likely broken all that rest.
            if !reusable { forgetIdle() }
        }
        wakeOne()
    }

    /// Refuses everything from now on; connections in use close when they come back.
    func close() {
        isClosed = true
        forgetIdle()
        waiters.forEach { $0.continuation.resume(returning: false) }
        waiters = []
    }

    /// Connections that exist and those that rest.
    var counts: (open: Int, idle: Int) { (open, idle.count) }

    private func forgetIdle() {
        open -= idle.count
        idle = []
    }

    private func connect() async throws(PostgresError) -> Connection {
        // While the database is away callers fail at once instead of queueing up on it.
        if let failure, ContinuousClock.now < failure.until { throw failure.error }
        open += 1
        do {
            let connection = try await Connection.open(settings)
            failure = nil
            return connection
        } catch {
            open -= 1
            let reason = error == .timeout ? .unavailable("timeout") : error
            let pause = min(
                (failure?.pause ?? .milliseconds(25)) * 2, DatabaseSettings.maximumBackOff)
            failure = (reason, .now + pause, pause)
            wakeOne()
            throw reason
        }
    }

    private func wakeOne() {
        guard !waiters.isEmpty else { return }
        waiters.removeFirst().continuation.resume(returning: true)
    }

    /// Waits until something may be free; false when the time is over or the task is cancelled.
    private func turn(by deadline: ContinuousClock.Instant) async -> Bool {
        guard ContinuousClock.now < deadline, !Task.isCancelled else { return false }
        nextWaiter += 1
        let id = nextWaiter
        let timer = Task {
            try await Task.sleep(until: deadline)
            self.expire(id)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiters.append((id, $0)) }
        } onCancel: {
            Task { await self.expire(id) }
        }
    }

    private func expire(_ id: Int) {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
        waiters.remove(at: index).continuation.resume(returning: false)
    }
}
