// SPDX-License-Identifier: Apache-2.0

import Contracts
import Messaging
import Postgres
import ServiceKit

/// What the registry listens to; every handler runs in the transaction that remembers the event.
struct ReportConsumer: Sendable {
    let identity: AutomakerIdentity
    let host: ServiceHost

    /// Adds the handlers to `consumer`.
    func listen(_ consumer: EventConsumer) -> EventConsumer {
        let desk = EventDesk(
            identity: identity, clock: host.clock, random: host.random)
        return
            consumer
            .on(SignedVehicleReport.self) { report, _, transaction in
                do {
                    try await desk.apply(report, in: transaction)
                } catch RegistryError.signatureInvalid {
                    // Forged: the reports of the car itself must not wait behind it.
                    throw UnusableEvent()
                }
            }
            .on(SharedKeyDecided.self) { try await desk.apply($0, in: $2) }
            .on(RevocationOrdered.self) { try await desk.apply($0, in: $2) }
    }
}
