// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyCrypto

/// A vehicle the automaker built.
struct VehicleRegistration: Equatable, Sendable {
    /// Where its association with an owner stands.
    enum State: String, Sendable {
        case unpaired, pairing, paired
    }

    var vin: String
    var vehicleId: VehicleID
    var displayName: String
    /// The customer who may pair.
    var account: String
    /// 65 bytes: vehicle.PK of [K].
    var publicKey: [UInt8]
    /// 65 bytes: recipient of the pairing verifier.
    var encryptionPublicKey: [UInt8]
    var state: State
    var documentVersion: Int
    var confirmedVersion: Int
    /// The newest report seen.
    var reportSequence: Int
    var receiptPolicy: VehicleDocument.Policies.Receipt
    /// Present while a password is out.
    var pairing: VehicleDocument.Pairing?

    /// Whether `other` names the same vehicle with the same keys.
    func isSameVehicle(as other: VehicleRegistration) -> Bool {
        vin == other.vin && vehicleId == other.vehicleId && publicKey == other.publicKey
            && encryptionPublicKey == other.encryptionPublicKey
    }

    /// The next document for this vehicle holding `keys`.
    func nextDocument(keys: [TrackedKey], at now: Instant, environment: String) -> VehicleDocument {
        let ended = keys.filter { $0.inDocument == .terminated }
        return VehicleDocument(
            vehicleId: vehicleId, version: documentVersion + 1, issuedAt: now,
            environment: environment, pairing: pairing.flatMap { $0.expiresAt > now ? $0 : nil },
            keys: keys.compactMap { key in
                key.inDocument.map {
                    VehicleDocument.Key(
                        keyId: key.keyId, slotId: key.state.slotId, state: $0,
                        attestation: $0 == .active ? key.attestation?.hex : nil)
                }
            },
            retiredSlots: ended.map(\.state.slotId).filter { $0.position > 1 },
            policies: .init(receipt: receiptPolicy))
    }
}
