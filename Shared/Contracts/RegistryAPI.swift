// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// The key registry's own HTTP interfaces besides the partner API: for the automaker's operator
/// (`/operator/v1`, loopback or private network) and for owner apps (`/app/v1`, bearer token).
public enum RegistryAPI {
    /// `POST /operator/v1/vehicles`: a vehicle leaves the factory.
    public struct AddVehicleRequest: Codable, Equatable, Sendable {
        /// 17 characters; only the registry maps it to the vehicle id.
        public var vin: String
        public var vehicleId: VehicleID
        public var displayName: String
        /// The customer who may pair (F14, account binding).
        public var account: String
        /// PEM of [K].
        public var certificate: String
        /// 65 bytes hex: recipient of the pairing verifier.
        public var encryptionPublicKey: String

        public init(
            vin: String, vehicleId: VehicleID, displayName: String, account: String,
            certificate: String, encryptionPublicKey: String
        ) {
            self.vin = vin
            self.vehicleId = vehicleId
            self.displayName = displayName
            self.account = account
            self.certificate = certificate
            self.encryptionPublicKey = encryptionPublicKey
        }
    }

    /// One row of `GET /operator/v1/vehicles` and the body of `GET /operator/v1/vehicles/{id}`.
    public struct Vehicle: Codable, Equatable, Sendable {
        public var vin: String
        public var vehicleId: VehicleID
        public var displayName: String
        public var account: String
        /// `unpaired`, `pairing`, `paired`.
        public var state: String
        public var documentVersion: Int
        /// The newest version the car confirmed.
        public var confirmedVersion: Int
        public var keys: [Key]

        public init(
            vin: String, vehicleId: VehicleID, displayName: String, account: String, state: String,
            documentVersion: Int, confirmedVersion: Int, keys: [Key]
        ) {
            self.vin = vin
            self.vehicleId = vehicleId
            self.displayName = displayName
            self.account = account
            self.state = state
            self.documentVersion = documentVersion
            self.confirmedVersion = confirmedVersion
            self.keys = keys
        }
    }

    /// A tracked key as operators and owners see it; also `GET /operator/v1/keys/{keyId}`.
    public struct Key: Codable, Equatable, Sendable {
        public var keyId: KeyID
        public var keyType: KeyType
        public var state: KeyState
        public var deviceOemId: String
        public var slotId: SlotID
        public var profile: Int
        public var notBefore: Instant
        public var notAfter: Instant?

        public init(
            keyId: KeyID, keyType: KeyType, state: KeyState, deviceOemId: String, slotId: SlotID,
            profile: Int, notBefore: Instant, notAfter: Instant?
        ) {
            self.keyId = keyId
            self.keyType = keyType
            self.state = state
            self.deviceOemId = deviceOemId
            self.slotId = slotId
            self.profile = profile
            self.notBefore = notBefore
            self.notAfter = notAfter
        }
    }

    /// `POST /operator/v1/partners`: a device OEM may take part.
    public struct AddPartnerRequest: Codable, Equatable, Sendable {
        public var bundle: DeviceOEMBundle
        /// PEM of [F]: the device OEM's root key and name, certified by the automaker root.
        public var externalCA: String

        public init(bundle: DeviceOEMBundle, externalCA: String) {
            self.bundle = bundle
            self.externalCA = externalCA
        }
    }

    /// Answer to `POST /app/v1/vehicles/{id}/pairing`; ask again for a fresh password.
    public struct Pairing: Codable, Equatable, Sendable {
        public var vehicleId: VehicleID
        /// 8 decimal digits.
        public var password: String
        public var welcomeLink: String
        public var expiresAt: Instant
        public var manufacturerIdentifier: String
        public var productPlanIdentifier: String
        public var supportedRadioTechnologies: [String]

        public init(
            vehicleId: VehicleID, password: String, welcomeLink: String, expiresAt: Instant,
            manufacturerIdentifier: String, productPlanIdentifier: String,
            supportedRadioTechnologies: [String]
        ) {
            self.vehicleId = vehicleId
            self.password = password
            self.welcomeLink = welcomeLink
            self.expiresAt = expiresAt
            self.manufacturerIdentifier = manufacturerIdentifier
            self.productPlanIdentifier = productPlanIdentifier
            self.supportedRadioTechnologies = supportedRadioTechnologies
        }
    }
}
