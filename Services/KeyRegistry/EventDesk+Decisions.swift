// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Postgres

extension EventDesk {
    /// Sharing policy decided about a key; a repeat changes nothing.
    func apply(_ decided: SharedKeyDecided, in transaction: Transaction) async throws {
        guard let key = try await KeyStore(transaction).find(decided.keyId) else {
            throw RegistryError.keyUnknown
        }
        guard key.state.state == .tracked else { return }
        var vehicle = try await VehicleStore(transaction).find(key.vehicleId)
        let change = decided.approved ? try key.approve() : try key.reject()
        try await record(change, of: &vehicle, in: transaction)
    }

    /// An order is to be carried out; one that was, or that comes too late, changes nothing.
    func apply(_ ordered: RevocationOrdered, in transaction: Transaction) async throws {
        guard let key = try await KeyStore(transaction).find(ordered.keyId) else {
            throw RegistryError.keyUnknown
        }
        let change: KeyChange
        do {
            change = try key.carryOut(ordered.action, order: ordered.orderId)
        } catch .keyState, .keyTerminated {
            return
        }
        var vehicle = try await VehicleStore(transaction).find(key.vehicleId)
        try await record(change, of: &vehicle, in: transaction)
    }
}
