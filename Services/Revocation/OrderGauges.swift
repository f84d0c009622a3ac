// SPDX-License-Identifier: Apache-2.0

import Contracts
import Metrics
import Postgres
import ServiceKit
import ServiceLifecycle

/// `latchkey_revocation_pending{stage}` and `latchkey_revocation_age_seconds{stage}`.
struct OrderGauges: Service {
    let database: Database
    let host: ServiceHost

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while true {
                let pending = try? await database.transaction {
                    try await OrderStore($0).pending()
                }
                if let pending {
                    record(Dictionary(pending.map { ($0.stage, $0) }) { first, _ in first })
                }
                do { try await Task.sleep(for: .seconds(5)) } catch { return }
            }
        }
    }

    private func record(_ rows: [String: (stage: String, count: Int, oldest: Int)]) {
        for stage in RevocationStage.allCases.map(\.rawValue) {
            gauge("latchkey_revocation_pending", stage).record(rows[stage]?.count ?? 0)
            gauge("latchkey_revocation_age_seconds", stage).record(rows[stage]?.oldest ?? 0)
        }
    }

    private func gauge(_ label: String, _ stage: String) -> Gauge {
        Gauge(label: label, dimensions: [("stage", stage)], factory: host.metrics)
    }
}
