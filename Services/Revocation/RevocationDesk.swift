// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Messaging
import Postgres

/// The use cases: each takes one fact and moves the orders it concerns.
struct RevocationDesk: Sendable {
    /// The registry accepted an order; a repeat of one that is known changes nothing.
    func accept(_ received: OrderReceived, in transaction: Transaction) async throws {
        let order = Order(received)
        guard try await OrderStore(transaction).insert(order) else { return }
        let outbox = Outbox(transaction)
        try await outbox.add(
            RevocationOrdered(
                orderId: order.orderId, action: order.action, keyId: order.keyId,
                vehicleId: order.vehicleId, requester: order.requester))
        try await outbox.add(Self.advanced(order))
    }

    /// A key changed: its document was written, or its device proved the end.
    func follow(_ change: KeyStateChanged, in transaction: Transaction) async throws {
        for order in try await OrderStore(transaction).open(of: change.tracked.vehicleId)
        where order.keyId == change.tracked.keyId {
            var next = order
            if change.orderId == order.orderId {
                if let version = change.documentVersion {
                    next = next.documented(version, command: change.command)
                } else if change.tracked.state == change.from {
                    next = next.refused()
                }
            }
            if change.proof != nil { next = next.proved() }
            if change.tracked.state == .terminated { next = next.ended() }
            try await save(next, was: order, in: transaction)
        }
    }

    /// A car confirmed its document.
    func follow(_ confirmed: DocumentConfirmed, in transaction: Transaction) async throws {
        for order in try await OrderStore(transaction).open(of: confirmed.vehicleId) {
            try await save(
                order.confirmed(confirmed.version), was: order, in: transaction)
        }
    }

    /// A device OEM took the call about an order.
    func told(_ id: String, in transaction: Transaction) async throws {
        guard let order = try await OrderStore(transaction).find(id) else { return }
        try await save(order.told(), was: order, in: transaction)
    }

    private func save(_ order: Order, was before: Order, in transaction: Transaction) async throws {
        guard order != before else { return }
        try await OrderStore(transaction).save(order)
        if order.stage != before.stage { try await Outbox(transaction).add(Self.advanced(order)) }
    }

    private static func advanced(_ order: Order) -> RevocationAdvanced {
        RevocationAdvanced(
            orderId: order.orderId, action: order.action, keyId: order.keyId,
            vehicleId: order.vehicleId, stage: order.stage)
    }
}
