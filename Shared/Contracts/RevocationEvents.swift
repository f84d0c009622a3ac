// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// How far an order has come: requested, in the document, confirmed by the car, told to the device,
/// proved by the device. The last one reached ends a termination.
public enum RevocationStage: String, Codable, Sendable, CaseIterable {
    /// The order was accepted.
    case requested = "REQUESTED"
    /// The vehicle document says so.
    case inDocument = "IN_DOCUMENT"
    /// The car applied that document.
    case vehicleConfirmed = "VEHICLE_CONFIRMED"
    /// The device OEM took the call.
    case deviceTold = "DEVICE_TOLD"
    /// The device proved the end; done.
    case done = "DONE"
    /// Given up; a person has to look.
    case failed = "FAILED"
}

/// An order is to be carried out: the registry changes the key and publishes a document.
public struct RevocationOrdered: Event {
    public static let type = "org.latchkey.revocation.RevocationOrdered.v1"
    public static let topic = Topic.revocationEvents
    public var key: String { vehicleId.description }

    public var orderId: String
    public var action: KeyAction
    public var keyId: KeyID
    public var vehicleId: VehicleID
    public var requester: Requester

    public init(
        orderId: String, action: KeyAction, keyId: KeyID, vehicleId: VehicleID,
        requester: Requester
    ) {
        self.orderId = orderId
        self.action = action
        self.keyId = keyId
        self.vehicleId = vehicleId
        self.requester = requester
    }
}

/// An order reached a further stage.
public struct RevocationAdvanced: Event {
    public static let type = "org.latchkey.revocation.RevocationAdvanced.v1"
    public static let topic = Topic.revocationEvents
    public var key: String { vehicleId.description }

    public var orderId: String
    public var action: KeyAction
    public var keyId: KeyID
    public var vehicleId: VehicleID
    public var stage: RevocationStage

    public init(
        orderId: String, action: KeyAction, keyId: KeyID, vehicleId: VehicleID,
        stage: RevocationStage
    ) {
        self.orderId = orderId
        self.action = action
        self.keyId = keyId
        self.vehicleId = vehicleId
        self.stage = stage
    }
}
