// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Clients that wait for a mailbox to change.
///
/// Writers notify through the database, so it does not matter at which instance a client waits.
final class LongPolls: Service {
    /// Most clients that wait at one instance; others are answered at once.
    static let limit = 20_000

    private struct State {
        var waiting: [MailboxID: [UUID: AsyncStream<Void>.Continuation]] = [:]
        var count = 0
    }

    private let state = Mutex(State())
    private let database: Database
    private let host: ServiceHost

    init(database: Database, host: ServiceHost) {
        self.database = database
        self.host = host
    }

    /// Calls `look` now and after every change of `id` until it returns a value, but not longer
    /// than `limit`; then none. Ends early when the service stops.
    func wait<Value: Sendable>(
        on id: MailboxID, for limit: Duration, look: () async throws -> Value?
    ) async throws -> Value? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let ticket = UUID()
        guard add(continuation, ticket, id) else { return try await look() }
        defer { remove(ticket, id) }
        let timer = Task {
            try? await Task.sleep(for: limit)
            continuation.finish()
        }
        defer { timer.cancel() }
        return try await withGracefulShutdownHandler {
            if let value = try await look() { return value }
            for await _ in stream {
                if let value = try await look() { return value }
            }
            return nil
        } onGracefulShutdown: {
            continuation.finish()
        }
    }

    /// Listens to the database until the service stops.
    func run() async throws {
        let events = try database.listen(MailboxStore.channel)
        for await event in events.cancelOnGracefulShutdown() {
            switch event {
            case .payload(let text): if let id = MailboxID(text) { wake(id) }
            case .listening: wakeAll()
            case .lost: host.logger.warning("long polls lost the database")
            }
        }
    }

    private func add(
        _ continuation: AsyncStream<Void>.Continuation, _ ticket: UUID, _ id: MailboxID
    ) -> Bool {
        state.withLock { state in
            guard state.count < Self.limit else { return false }
            state.count += 1
            state.waiting[id, default: [:]][ticket] = continuation
            return true
        }
    }

    private func remove(_ ticket: UUID, _ id: MailboxID) {
        state.withLock { state in
            state.count -= 1
            state.waiting[id]?[ticket] = nil
            if state.waiting[id]?.isEmpty == true { state.waiting[id] = nil }
        }
    }

    private func wake(_ id: MailboxID) {
        state.withLock { $0.waiting[id] ?? [:] }.values.forEach { $0.yield() }
    }

    /// After a gap nobody knows what was missed.
    private func wakeAll() {
        state.withLock { $0.waiting }.values.flatMap(\.values).forEach { $0.yield() }
    }
}
