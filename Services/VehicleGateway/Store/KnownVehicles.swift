// SPDX-License-Identifier: Apache-2.0

import Identifiers
import Synchronization

/// Vehicles that were read from the state file or written to it: a tap need not decode 32 keys before the
/// first command, and keys that were parsed stay parsed.
final class KnownVehicles: Sendable {
    private let vehicles = Mutex<[VehicleID: StoredVehicle]>([:])

    subscript(id: VehicleID) -> StoredVehicle? {
        get { vehicles.withLock { $0[id] } }
        set { vehicles.withLock { $0[id] = newValue } }
    }
}
