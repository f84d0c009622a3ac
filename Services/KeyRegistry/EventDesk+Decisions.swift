// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Messaging
import PKI
import Postgres
import ServiceKit

extension EventDesk {
    /// Sharing policy decided about a key; a repeat changes nothing.
    func apply(_ decided: SharedKeyDecided, in transaction: Transaction) async throws {
        let (key, found) = try await KeyStore(transaction).findWithVehicle(decided.keyId)
        var vehicle = found
        guard key.state.state == .tracked else { return }
        guard !decided.approved else {
            return try await record(try key.approve(), of: &vehicle, in: transaction)
        }
        // The friend's phone shows the key until it is told.
        try await record(
            try key.reject(), endedBy: .operatorOrder, order: "rejected-\(key.keyId)",
            of: &vehicle, in: transaction)
    }

    /// An order is to be carried out; one that was, or that comes too late, changes nothing, but the
    /// saga hears how it stands.
    func apply(_ ordered: RevocationOrdered, in transaction: Transaction) async throws {
        let (key, found) = try await KeyStore(transaction).findWithVehicle(ordered.keyId)
        var vehicle = found
        let change: KeyChange
        do {
            change = try key.carryOut(ordered.action, order: ordered.orderId)
        } catch .keyState, .keyTerminated {
            return try await answer(ordered, about: key, of: vehicle, in: transaction)
        }
        try await record(change, of: &vehicle, in: transaction)
    }

    /// The key is already as ordered: the present document says so. Or it can no longer be: no
    /// document ever will.
    private func answer(
        _ ordered: RevocationOrdered, about key: TrackedKey, of vehicle: VehicleRegistration,
        in transaction: Transaction
    ) async throws {
        let outbox = Outbox(transaction)
        let isDone = key.isAlready(ordered.action)
        try await outbox.add(
            KeyStateChanged(
                tracked: key.state, from: key.state.state,
                documentVersion: isDone
                    ? key.terminationDocument ?? vehicle.documentVersion : nil,
                orderId: ordered.orderId, proof: nil,
                command: isDone ? try command(for: ordered.action, key.state) : nil))
        if isDone, vehicle.confirmedVersion > 0 {
            try await outbox.add(
                DocumentConfirmed(
                    vehicleId: vehicle.vehicleId, version: vehicle.confirmedVersion))
        }
    }

    private func command(for action: KeyAction, _ state: TrackedKeyState) throws -> String {
        let action: ServerAction =
            switch action {
            case .terminate: .terminate
            case .suspend: .suspend
            case .resume: .resume
            }
        return try identity.command(action, state, at: clock.now, random: random).hex
    }
}
