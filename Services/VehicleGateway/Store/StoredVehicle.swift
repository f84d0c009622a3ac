// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyProtocol

/// Everything the gateway keeps of one vehicle.
struct StoredVehicle: Sendable {
    /// What the factory line gave.
    var provisioning: CarAPI.Provisioning
    /// What the key protocol keeps: identity, keys, slots, pairing.
    var record: VehicleRecord
    /// Grows with every change.
    var revision = 0
    var locked = true
    var engineRunning = false
    /// km/h, of the key that drives.
    var speedLimit: Int?
    /// The document in force; 0 before the first.
    var documentVersion = 0
    /// The number of the last report.
    var reportSequence = 0
    /// The pairing whose password was used up by a finished phase 2.
    var spentPairing: String?

    var id: VehicleID { provisioning.vehicleId }
}

/// A report that waits for the broker.
struct QueuedReport: Sendable, Equatable {
    let vehicleId: VehicleID
    let sequence: Int
    let at: Instant
    let fact: VehicleReport.Fact
}
