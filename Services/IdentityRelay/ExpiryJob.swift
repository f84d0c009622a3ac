// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// Removes ended mailboxes every minute; reads never show them, even when this job is late.
struct ExpiryJob: Service {
    let database: Database
    let host: ServiceHost

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await sweep()
                } catch let error as PostgresError {
                    host.logger.warning("expired mailboxes wait", error: error)
                }
                try await Task.sleep(for: .seconds(60))
            }
        }
    }

    /// Removes what has ended by now; returns how many.
    @discardableResult
    func sweep() async throws -> Int {
        let (removed, left) = try await database.transaction { transaction in
            let store = MailboxStore(transaction)
            return (try await store.deleteExpired(at: host.clock.now), try await store.count())
        }
        Counter(label: "latchkey_relay_expired", factory: host.metrics).increment(by: removed)
        Gauge(label: "latchkey_relay_mailboxes", factory: host.metrics).record(left)
        return removed
    }
}
