// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import Logging
import ServiceKit

/// Brings vehicle documents into force (ARCHITECTURE 3).
struct DocumentDesk: Sendable {
    let store: GatewayStore
    let host: ServiceHost
    /// Rung when a report was queued.
    let reports: Bell

    /// Checks a document of one of our vehicles and applies it in one transaction with its report.
    ///
    /// Throws `vehicleUnknown` for other vehicles, `rollback` for a version that is not higher.
    func apply(_ signed: SignedVehicleDocument, to id: VehicleID) async throws {
        guard let vehicle = try await store.vehicle(id) else { throw GatewayError.vehicleUnknown }
        let now = host.clock.now
        let document = try DocumentSignature.verified(
            signed, by: vehicle.provisioning, at: now)
        guard signed.vehicleId == id, document.vehicleId == id else {
            throw GatewayError.document("it is for another vehicle")
        }
        guard document.environment == vehicle.provisioning.environment else {
            throw GatewayError.document("it is of the environment \(document.environment)")
        }
        let pairing = try document.pairing.map { try Self.open($0, for: vehicle) }
        let refusals = try await store.change(id, at: now) { vehicle, facts in
            facts.append(.documentApplied(version: document.version))
            return try vehicle.apply(document, verifier: pairing)
        }
        for reason in refusals {
            host.logger.warning("a shared key was refused", metadata: ["reason": .string(reason)])
        }
        reports.ring()
    }

    /// Whether the vehicle is one of ours.
    func isOurs(_ id: VehicleID) async throws -> Bool { try await store.vehicle(id) != nil }

    func wasRefused(_ digest: [UInt8]) async throws -> Bool {
        try await store.wasRefused(digest: digest)
    }

    func noteRefused(_ digest: [UInt8]) async throws {
        try await store.noteRefused(digest: digest, at: host.clock.now)
    }

    private static func open(
        _ pairing: VehicleDocument.Pairing, for vehicle: StoredVehicle
    ) throws -> PairingVerifier {
        do {
            let key = try PrivateKey(scalar: [UInt8](hex: vehicle.provisioning.encryptionKey))
            let plain = try ECIES.open(pairing.verifier, with: key)
            return try JSONDecoder().decode(PairingVerifier.self, from: Data(plain))
        } catch {
            throw GatewayError.document("the pairing verifier cannot be opened")
        }
    }
}
