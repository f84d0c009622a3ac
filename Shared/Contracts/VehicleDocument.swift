// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// What a vehicle should hold, in one signed document (ARCHITECTURE 3).
///
/// On `vehicle.documents` it travels as `SignedVehicleDocument`: a JWS (RFC 7515, compact, ES256,
/// chain in `x5c`) by the vehicle OEM signing key.
public struct VehicleDocument: Codable, Equatable, Sendable {
    /// `typ` of the JWS.
    public static let signedType = "vehicle-document+jws"

    public var vehicleId: VehicleID
    /// Grows by 1; the car refuses anything not higher than what it has.
    public var version: Int
    public var issuedAt: Instant
    /// The environment both sides must be of.
    public var environment: String
    /// Present while the car is to be in pairing mode.
    public var pairing: Pairing?
    public var keys: [Key]
    /// Slot ids that must never open again.
    public var retiredSlots: [SlotID]
    public var policies: Policies

    public init(
        vehicleId: VehicleID, version: Int, issuedAt: Instant, environment: String,
        pairing: Pairing?, keys: [Key], retiredSlots: [SlotID], policies: Policies
    ) {
        self.vehicleId = vehicleId
        self.version = version
        self.issuedAt = issuedAt
        self.environment = environment
        self.pairing = pairing
        self.keys = keys
        self.retiredSlots = retiredSlots
        self.policies = policies
    }

    /// A pairing that may happen until `expiresAt`.
    public struct Pairing: Codable, Equatable, Sendable {
        /// Unique per password; the car counts attempts per id.
        public var id: String
        public var expiresAt: Instant
        /// ECIES_v1 container (PROTOCOL 13.2) to the vehicle's encryption key; clear text is the
        /// JSON of `PairingVerifier`.
        public var verifier: ECIESEnvelope

        public init(id: String, expiresAt: Instant, verifier: ECIESEnvelope) {
            self.id = id
            self.expiresAt = expiresAt
            self.verifier = verifier
        }
    }

    /// A key as the car should hold it.
    public struct Key: Codable, Equatable, Sendable {
        /// What the car does with a key.
        public enum State: String, Codable, Sendable, CaseIterable {
            case active = "ACTIVE"
            case suspended = "SUSPENDED"
            case terminated = "TERMINATED"
        }

        public var keyId: KeyID
        public var slotId: SlotID
        public var state: State
        /// Hex DER of the Attestation (PROTOCOL 12.2) of a shared key, for the online path.
        public var attestation: String?

        public init(keyId: KeyID, slotId: SlotID, state: State, attestation: String?) {
            self.keyId = keyId
            self.slotId = slotId
            self.state = state
            self.attestation = attestation
        }
    }

    /// What the vehicle line demands.
    public struct Policies: Codable, Equatable, Sendable {
        /// Whether the receipt of the registry is needed before drive (F26).
        public enum Receipt: String, Codable, Sendable, CaseIterable {
            case none, deferred, required
        }

        public var receipt: Receipt

        public init(receipt: Receipt) { self.receipt = receipt }
    }
}

/// What the car needs to check a pairing password without knowing it (PROTOCOL 5.2).
public struct PairingVerifier: Codable, Sendable {
    /// 32 bytes, hex.
    public var w0: String
    /// 65 bytes, hex.
    public var L: String
    /// 16 bytes, hex.
    public var salt: String
    public var N: UInt32
    public var r: UInt16
    public var p: UInt16

    public init(w0: String, L: String, salt: String, N: UInt32, r: UInt16, p: UInt16) {
        self.w0 = w0
        self.L = L
        self.salt = salt
        self.N = N
        self.r = r
        self.p = p
    }
}

/// The record on `vehicle.documents`.
public struct SignedVehicleDocument: Event {
    public static let type = "org.latchkey.registry.VehicleDocument.v1"
    public static let topic = Topic.vehicleDocuments
    public var key: String { vehicleId.description }

    public var vehicleId: VehicleID
    /// Repeated outside the signature for operators; the car reads the signed one.
    public var version: Int
    /// Compact JWS whose payload is the JSON of `VehicleDocument`.
    public var jws: String

    public init(vehicleId: VehicleID, version: Int, jws: String) {
        self.vehicleId = vehicleId
        self.version = version
        self.jws = jws
    }
}
