// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Messaging
import Postgres
import ServiceKit

extension EventDesk {
    /// Takes in what a car reported; a report that was seen before changes nothing.
    func apply(_ signed: SignedVehicleReport, in transaction: Transaction) async throws {
        var vehicle = try await VehicleStore(transaction).find(signed.vehicleId)
        let report = try await ReportPayload.verified(signed.jws, by: vehicle.publicKey)
        guard report.vehicleId == vehicle.vehicleId else {
            throw RegistryError.signatureInvalid("the report is about another vehicle")
        }
        guard report.sequence > vehicle.reportSequence else { return }
        vehicle.reportSequence = report.sequence
        switch report.fact {
        case .documentApplied(let version):
            try await confirm(version, by: &vehicle, in: transaction)
        case .pairingCompleted(let pairingId, let keyId, let slotId, _):
            try await KeyStore(transaction).report(
                keyId, of: vehicle.vehicleId, slot: slotId, owner: true)
            if vehicle.pairing?.id == pairingId { vehicle.pairing = nil }
            vehicle.state = .paired
            try await publishDocument(for: &vehicle, in: transaction)
            try await Outbox(transaction).add(
                PairingFinished(vehicleId: vehicle.vehicleId, keyId: keyId))
        case .friendKeySeen(let keyId, let slotId, _):
            try await KeyStore(transaction).report(
                keyId, of: vehicle.vehicleId, slot: slotId, owner: false)
        case .keyRemoved(let keyId, let slotId):
            try await removed(keyId, slotId, by: &vehicle, in: transaction)
        }
        try await VehicleStore(transaction).save(vehicle)
    }

    private func confirm(
        _ version: Int, by vehicle: inout VehicleRegistration, in transaction: Transaction
    ) async throws {
        guard version <= vehicle.documentVersion, version > vehicle.confirmedVersion else { return }
        vehicle.confirmedVersion = version
        for key in try await KeyStore(transaction).ofVehicle(vehicle.vehicleId) {
            guard let ending = key.terminationDocument, ending <= version,
                [.terminationRequested, .terminatedOnDevice].contains(key.state.state)
            else { continue }
            try await record(try key.confirmedByVehicle(), of: &vehicle, in: transaction)
        }
        try await Outbox(transaction).add(
            DocumentConfirmed(vehicleId: vehicle.vehicleId, version: version))
    }

    private func removed(
        _ keyId: KeyID, _ slotId: SlotID, by vehicle: inout VehicleRegistration,
        in transaction: Transaction
    ) async throws {
        let keys = KeyStore(transaction)
        guard let key = try await keys.find(keyId), key.vehicleId == vehicle.vehicleId,
            ![.terminated, .terminatedInVehicle, .rejected].contains(key.state.state)
        else { return }
        try await record(
            try key.removedInVehicle(), endedBy: .vehicle,
            order: "vehicle-\(vehicle.vehicleId)-\(vehicle.reportSequence)", of: &vehicle,
            in: transaction)
    }
}
