// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// Policy decided about a shared key that was registered.
public struct SharedKeyDecided: Event {
    public static let type = "org.latchkey.sharing.SharedKeyDecided.v1"
    public static let topic = Topic.sharingEvents
    public var key: String { vehicleId.description }

    public var keyId: KeyID
    public var vehicleId: VehicleID
    public var approved: Bool
    /// Why not, for a person; none when approved.
    public var reason: String?

    public init(keyId: KeyID, vehicleId: VehicleID, approved: Bool, reason: String?) {
        self.keyId = keyId
        self.vehicleId = vehicleId
        self.approved = approved
        self.reason = reason
    }
}
