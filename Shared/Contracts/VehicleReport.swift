// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// What a car tells the registry; never a use of a key (F12).
public struct VehicleReport: Codable, Equatable, Sendable {
    /// One fact.
    public enum Fact: Codable, Equatable, Sendable {
        /// The document of this version is in force.
        case documentApplied(version: Int)
        /// Owner pairing ended well. `publicKey` is 65 bytes hex.
        case pairingCompleted(pairingId: String, keyId: KeyID, slotId: SlotID, publicKey: String)
        /// A shared key was accepted from its mailbox; hex DER of the Attestation.
        case friendKeySeen(keyId: KeyID, slotId: SlotID, attestation: String)
        /// A key was removed at the car's own screen or by the owner's retire list.
        case keyRemoved(keyId: KeyID, slotId: SlotID)
    }

    public var vehicleId: VehicleID
    /// Grows by 1 per vehicle; the registry drops repeats.
    public var sequence: Int
    public var at: Instant
    public var fact: Fact

    public init(vehicleId: VehicleID, sequence: Int, at: Instant, fact: Fact) {
        self.vehicleId = vehicleId
        self.sequence = sequence
        self.at = at
        self.fact = fact
    }
}

/// The record on `vehicle.reports`.
public struct SignedVehicleReport: Event {
    public static let type = "org.latchkey.vehicle.Report.v1"
    public static let topic = Topic.vehicleReports
    public var key: String { vehicleId.description }

    public var vehicleId: VehicleID
    /// Compact JWS (ES256, the vehicle key, `kid` = vehicle id) over the JSON of `VehicleReport`.
    public var jws: String

    public init(vehicleId: VehicleID, jws: String) {
        self.vehicleId = vehicleId
        self.jws = jws
    }
}
