// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyCrypto
import Messaging
import PKI
import Postgres
import ServiceKit

/// The use cases that partners, apps and operators call: load, ask the domain, save and say, in one
/// transaction each.
struct Registrar: Sendable {
    let database: Database
    let identity: AutomakerIdentity
    let clock: WallClock
    let random: RandomSource

    /// What happens inside a transaction.
    var desk: EventDesk { EventDesk(identity: identity, clock: clock, random: random) }
}

/// What the registry does within a transaction that somebody else opened: for an event, or as part
/// of a call.
struct EventDesk: Sendable {
    let identity: AutomakerIdentity
    let clock: WallClock
    let random: RandomSource

    /// Saves a changed key, publishes the vehicle document when it concerns the car, and says so.
    func record(
        _ change: KeyChange, of vehicle: inout VehicleRegistration, in transaction: Transaction
    ) async throws {
        var key = change.key
        let keys = KeyStore(transaction)
        try await keys.save(key)
        var version: Int?
        if change.concernsVehicle {
            version = try await publishDocument(for: &vehicle, in: transaction)
            if key.inDocument == .terminated {
                key.terminationDocument = version
                try await keys.save(key)
            }
        }
        let outbox = Outbox(transaction)
        try await outbox.add(key.state)
        try await outbox.add(
            KeyStateChanged(
                tracked: key.state, from: change.from, documentVersion: version,
                orderId: key.orderId, proof: change.proof, command: try command(for: change)))
    }

    /// The same for a key that ended without an order; with one, which brings it to the device.
    func record(
        _ change: KeyChange, endedBy requester: Requester, order orderId: String,
        of vehicle: inout VehicleRegistration, in transaction: Transaction
    ) async throws {
        var change = change
        change.key.orderId = orderId
        try await Outbox(transaction).add(
            OrderReceived(
                orderId: orderId, action: .terminate, keyId: change.key.keyId,
                vehicleId: vehicle.vehicleId, requester: requester,
                deviceOemId: change.key.state.deviceOemId, request: nil, receivedAt: clock.now))
        try await record(change, of: &vehicle, in: transaction)
    }

    /// Signs and publishes the next document of `vehicle`; returns its version.
    @discardableResult
    func publishDocument(for vehicle: inout VehicleRegistration, in transaction: Transaction)
        async throws -> Int
    {
        let document = vehicle.nextDocument(
            keys: try await KeyStore(transaction).ofVehicle(vehicle.vehicleId), at: clock.now,
            environment: identity.environment)
        vehicle.documentVersion = document.version
        try await VehicleStore(transaction).save(vehicle)
        try await Outbox(transaction).add(
            SignedVehicleDocument(
                vehicleId: vehicle.vehicleId, version: document.version,
                jws: try identity.sign(document, type: VehicleDocument.signedType)))
        return document.version
    }

    /// What the device of the key is shown when no owner's request can be.
    private func command(for change: KeyChange) throws -> String? {
        let action: ServerAction? =
            switch change.key.state.state {
            case .terminationRequested, .terminatedInVehicle, .rejected: .terminate
            case .suspended: .suspend
            case .active where change.from == .suspended: .resume
            default: nil
            }
        return try action.map {
            try identity.command($0, change.key.state, at: clock.now, random: random).hex
        }
    }
}
