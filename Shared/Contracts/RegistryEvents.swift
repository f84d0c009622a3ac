// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// A device OEM may take part; state topic, so the newest record per OEM counts.
public struct PartnerRegistered: Event {
    public static let type = "org.latchkey.registry.PartnerRegistered.v1"
    public static let topic = Topic.registryPartners
    public var key: String { deviceOemId }

    /// The device OEM.
    public var deviceOemId: String
    /// Base URL of its server (`https://host:port`); none when it takes no calls.
    public var server: String?
    /// PEM of the root its TLS certificate chains to.
    public var tlsRoot: String?

    /// Describes a partner.
    public init(deviceOemId: String, server: String?, tlsRoot: String?) {
        self.deviceOemId = deviceOemId
        self.server = server
        self.tlsRoot = tlsRoot
    }
}

/// The last known state of one key; state topic.
public struct TrackedKeyState: Event {
    public static let type = "org.latchkey.registry.TrackedKeyState.v1"
    public static let topic = Topic.registryKeys
    public var key: String { keyId.description }

    public var keyId: KeyID
    public var vehicleId: VehicleID
    public var keyType: KeyType
    public var state: KeyState
    public var deviceOemId: String
    /// The owner key that signed a shared key; none for owner keys.
    public var ownerKeyId: KeyID?
    public var slotId: SlotID
    /// PROTOCOL 12.2: owner 0 ... service 6.
    public var profile: Int
    public var notBefore: Instant
    public var notAfter: Instant?

    public init(
        keyId: KeyID, vehicleId: VehicleID, keyType: KeyType, state: KeyState, deviceOemId: String,
        ownerKeyId: KeyID?, slotId: SlotID, profile: Int, notBefore: Instant, notAfter: Instant?
    ) {
        self.keyId = keyId
        self.vehicleId = vehicleId
        self.keyType = keyType
        self.state = state
        self.deviceOemId = deviceOemId
        self.ownerKeyId = ownerKeyId
        self.slotId = slotId
        self.profile = profile
        self.notBefore = notBefore
        self.notAfter = notAfter
    }
}

/// trackKey accepted a key: chain verified, receipt signed.
public struct KeyTracked: Event {
    public static let type = "org.latchkey.registry.KeyTracked.v1"
    public static let topic = Topic.registryEvents
    public var key: String { tracked.vehicleId.description }

    public var tracked: TrackedKeyState

    public init(tracked: TrackedKeyState) { self.tracked = tracked }
}

/// A key moved from one state to another; `documentVersion` carries it to the car.
public struct KeyStateChanged: Event {
    public static let type = "org.latchkey.registry.KeyStateChanged.v1"
    public static let topic = Topic.registryEvents
    public var key: String { tracked.vehicleId.description }

    /// The key after the change.
    public var tracked: TrackedKeyState
    public var from: KeyState
    /// The vehicle document that says so; none when the change does not concern the car.
    public var documentVersion: Int?
    /// The order behind the change, when there is one.
    public var orderId: String?
    /// Hex DER of the Termination object (PROTOCOL 12.2) when the device proved the end.
    public var proof: String?
    /// Hex DER of a ServerCommand (PROTOCOL 12.2) signed by [Q], for the device of a key that is
    /// to end without a request of the owner.
    public var command: String?

    public init(
        tracked: TrackedKeyState, from: KeyState, documentVersion: Int?, orderId: String?,
        proof: String?, command: String? = nil
    ) {
        self.tracked = tracked
        self.from = from
        self.documentVersion = documentVersion
        self.orderId = orderId
        self.proof = proof
        self.command = command
    }
}

/// A partner or the car asked to end, suspend or resume a key; the registry has checked who asks.
public struct OrderReceived: Event {
    public static let type = "org.latchkey.registry.OrderReceived.v1"
    public static let topic = Topic.registryEvents
    public var key: String { vehicleId.description }

    /// Unique per order; repeats of one call carry the same.
    public var orderId: String
    public var action: KeyAction
    public var keyId: KeyID
    public var vehicleId: VehicleID
    public var requester: Requester
    /// The device OEM of the key that is to end, suspend or resume.
    public var deviceOemId: String
    /// Hex DER of the owner's signed ServerRequest (PROTOCOL 12.2), to be shown to the device.
    public var request: String?
    public var receivedAt: Instant

    public init(
        orderId: String, action: KeyAction, keyId: KeyID, vehicleId: VehicleID,
        requester: Requester, deviceOemId: String, request: String?, receivedAt: Instant
    ) {
        self.orderId = orderId
        self.action = action
        self.keyId = keyId
        self.vehicleId = vehicleId
        self.requester = requester
        self.deviceOemId = deviceOemId
        self.request = request
        self.receivedAt = receivedAt
    }
}

/// The car confirmed, by a signed report, that it applied its document up to `version`.
public struct DocumentConfirmed: Event {
    public static let type = "org.latchkey.registry.DocumentConfirmed.v1"
    public static let topic = Topic.registryEvents
    public var key: String { vehicleId.description }

    public var vehicleId: VehicleID
    public var version: Int

    public init(vehicleId: VehicleID, version: Int) {
        self.vehicleId = vehicleId
        self.version = version
    }
}

/// A car finished owner pairing (from its signed report).
public struct PairingFinished: Event {
    public static let type = "org.latchkey.registry.PairingFinished.v1"
    public static let topic = Topic.registryEvents
    public var key: String { vehicleId.description }

    public var vehicleId: VehicleID
    public var keyId: KeyID

    public init(vehicleId: VehicleID, keyId: KeyID) {
        self.vehicleId = vehicleId
        self.keyId = keyId
    }
}
