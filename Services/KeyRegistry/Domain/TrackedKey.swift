// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers

/// A key the registry answers for.
struct TrackedKey: Equatable, Sendable {
    var state: TrackedKeyState
    /// 65 bytes.
    var publicKey: [UInt8]
    /// DER Attestation of a shared key.
    var attestation: [UInt8]?
    /// The vehicle document that ends the key; none before an order was carried out.
    var terminationDocument: Int?
    /// The order behind the present state.
    var orderId: String?

    var keyId: KeyID { state.keyId }
    var vehicleId: VehicleID { state.vehicleId }
}

/// What a decision made of a key: the new value, and whether the vehicle document must say so.
struct KeyChange: Equatable, Sendable {
    var key: TrackedKey
    var from: KeyState
    /// The document needs a new version.
    var concernsVehicle: Bool
    /// Hex DER of the Termination the device signed.
    var proof: String?
}
