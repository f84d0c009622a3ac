// SPDX-License-Identifier: Apache-2.0

import Contracts
import Hummingbird
import Identifiers
import Postgres
import ServiceKit

/// Orders for operators: what is on its way, how long, and a new one.
struct OrderRoutes: Sendable {
    let database: Database
    let desk: RevocationDesk
    let host: ServiceHost

    /// What an operator orders.
    private struct NewOrder: Decodable {
        var keyId: KeyID
        var action: KeyAction
    }

    func add(to router: Router<ServiceContext>) {
        let orders = router.group("revocation/v1/orders")
        orders.get { _, context in
            try context.json(try await database.transaction { try await OrderStore($0).newest() })
        }
        orders.get(":order") { _, context in
            let id: String = try context.parameter("order", unknown: "ORDER_UNKNOWN") { $0 }
            let order = try await database.transaction { try await OrderStore($0).find(id) }
            guard let order else { throw Problem(.notFound, "ORDER_UNKNOWN", "no such order") }
            return try context.json(order)
        }
        orders.post { request, context in
            let new = try await context.decode(NewOrder.self, from: request)
            return try context.json(try await receive(new), status: .accepted)
        }
    }

    private func receive(_ new: NewOrder) async throws -> Order {
        let id = "operator-" + host.random.bytes(16, for: "order id").hex
        return try await database.transaction { transaction in
            guard let key = try await DirectoryStore(transaction).key(new.keyId) else {
                throw Problem(.notFound, "KEY_UNKNOWN", "no such key")
            }
            guard new.action.isPossible(in: key.state) else {
                throw Problem(
                    .conflict, "KEY_STATE",
                    "a key in state \(key.state.rawValue) cannot \(new.action.rawValue.lowercased())"
                )
            }
            let received = OrderReceived(
                orderId: id, action: new.action, keyId: key.keyId, vehicleId: key.vehicleId,
                requester: .operatorOrder, deviceOemId: key.deviceOemId, request: nil,
                receivedAt: host.clock.now)
            try await desk.accept(received, in: transaction)
            return Order(received)
        }
    }
}

extension KeyAction {
    /// Whether a key in `state` can still be ordered about.
    fileprivate func isPossible(in state: KeyState) -> Bool {
        switch self {
        case .terminate: [.tracked, .active, .suspended].contains(state)
        case .suspend: state == .active
        case .resume: state == .suspended
        }
    }
}
