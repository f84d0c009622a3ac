// SPDX-License-Identifier: Apache-2.0

/// Owner key or shared key, as trackKey names them.
public enum KeyType: String, Codable, Sendable, CaseIterable {
    /// The key made at owner pairing.
    case owner = "OWNER"
    /// A key signed by the owner key.
    case shared = "SHARED"
}

/// The states of a tracked key in the registry.
public enum KeyState: String, Codable, Sendable, CaseIterable {
    /// Registered, receipt signed, not yet approved for the vehicle document.
    case tracked = "TRACKED"
    /// In the vehicle document and usable.
    case active = "ACTIVE"
    /// Not usable until resumed.
    case suspended = "SUSPENDED"
    /// An order to end it is on its way.
    case terminationRequested = "TERMINATION_REQUESTED"
    /// The car confirmed, the device has not proved it yet.
    case terminatedInVehicle = "TERMINATED_IN_VEHICLE"
    /// The device proved it, the car has not confirmed yet.
    case terminatedOnDevice = "TERMINATED_ON_DEVICE"
    /// Ended on both sides; final.
    case terminated = "TERMINATED"
    /// Refused by sharing policy; final.
    case rejected = "REJECTED"
}

/// What an order wants done to a key.
public enum KeyAction: String, Codable, Sendable, CaseIterable {
    /// End it for good.
    case terminate = "TERMINATE"
    /// Stop it until resumed.
    case suspend = "SUSPEND"
    /// Make a suspended key usable again.
    case resume = "RESUME"
}

/// Who asked for an order.
public enum Requester: String, Codable, Sendable, CaseIterable {
    /// The owner, by a request signed with the owner key.
    case owner = "OWNER"
    /// The holder of the key itself, through the device OEM.
    case holder = "HOLDER"
    /// The device OEM account: lost mode, remote deletion.
    case deviceOEM = "DEVICE_OEM"
    /// Somebody at the car's own screen.
    case vehicle = "VEHICLE"
    /// The automaker: an operator, sharing policy, or another phone that became the owner's.
    case operatorOrder = "OPERATOR"
}
