// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// The vehicle gateway's local interface: factory provisioning and the car's own screen (`/car/v1`).
public enum CarAPI {
    /// `PUT /car/v1/vehicles/{id}`: the factory line gives a car its identity. Secrets are inside, so
    /// this call stays on the loopback interface.
    public struct Provisioning: Codable, Sendable {
        public var vehicleId: VehicleID
        public var displayName: String
        public var environment: String
        /// 32 bytes hex: vehicle.SK.
        public var vehicleKey: String
        /// 32 bytes hex: opens the pairing verifier.
        public var encryptionKey: String
        /// 32 bytes hex: K_immo (PROTOCOL 10.5).
        public var immobilizerKey: String
        /// PEM of [K].
        public var certificate: String
        /// PEM of the certificate between [J] and [K]; none when [J] issued [K].
        public var intermediate: String?
        /// PEM of [J].
        public var root: String
        /// PEM of [Q]: checks receipts and documents.
        public var signature: String
        /// Which reader is what.
        public var readers: Readers
        /// Where the car's radio takes phones that come near, `host:port` on loopback (PROTOCOL 18); its
        /// owner's key then has the options 9F 0B. None: contactless only, 8F 03.
        public var passiveEntry: String?

        public init(
            vehicleId: VehicleID, displayName: String, environment: String, vehicleKey: String,
            encryptionKey: String, immobilizerKey: String, certificate: String,
            intermediate: String?, root: String, signature: String, readers: Readers,
            passiveEntry: String? = nil
        ) {
            self.vehicleId = vehicleId
            self.displayName = displayName
            self.environment = environment
            self.vehicleKey = vehicleKey
            self.encryptionKey = encryptionKey
            self.immobilizerKey = immobilizerKey
            self.certificate = certificate
            self.intermediate = intermediate
            self.root = root
            self.signature = signature
            self.readers = readers
            self.passiveEntry = passiveEntry
        }
    }

    /// PC/SC reader names, matched as `friendly name` + slot (`Roadster Door 00`).
    public struct Readers: Codable, Equatable, Sendable {
        public var door: String
        public var dashboard: String
        /// Readers at further doors; none in files of before.
        public var furtherDoors: [String]?
        public var trunk: String?

        public init(
            door: String, dashboard: String, furtherDoors: [String]? = nil, trunk: String? = nil
        ) {
            self.door = door
            self.dashboard = dashboard
            self.furtherDoors = furtherDoors
            self.trunk = trunk
        }

        /// Every reader of the car, door and dashboard first.
        public var names: [String] {
            [door, dashboard] + (furtherDoors ?? []) + [trunk].compactMap(\.self)
        }
    }

    /// `GET /car/v1/vehicles/{id}`: what the car's screen shows; `GET /car/v1/vehicles` lists all.
    public struct Vehicle: Codable, Equatable, Sendable {
        public var vehicleId: VehicleID
        public var displayName: String
        public var locked: Bool
        public var engineRunning: Bool
        /// The limit the driving key carries, km/h (65 mph = 105); none without a limit.
        public var speedLimitKmh: Int?
        /// `unpaired`, `pairing`, `paired`.
        public var state: String
        /// Whether a phone with the right password could pair now.
        public var pairingMode: Bool
        /// The document in force.
        public var documentVersion: Int
        public var readers: Readers
        /// Where its radio takes phones that come near; none without passive entry.
        public var passiveEntry: String?
        /// Whether it relies on its clock (PROTOCOL 8.9).
        public var trustedTime: Bool
        /// What a person reads at the car: the sentence of the last tap; none before the first.
        public var screen: String?
        public var keys: [Key]

        public init(
            vehicleId: VehicleID, displayName: String, locked: Bool, engineRunning: Bool,
            speedLimitKmh: Int?, state: String, pairingMode: Bool, documentVersion: Int,
            readers: Readers, passiveEntry: String? = nil, trustedTime: Bool = true,
            screen: String? = nil, keys: [Key]
        ) {
            self.vehicleId = vehicleId
            self.displayName = displayName
            self.locked = locked
            self.engineRunning = engineRunning
            self.speedLimitKmh = speedLimitKmh
            self.state = state
            self.pairingMode = pairingMode
            self.documentVersion = documentVersion
            self.readers = readers
            self.passiveEntry = passiveEntry
            self.trustedTime = trustedTime
            self.screen = screen
            self.keys = keys
        }
    }

    /// A key in the car.
    public struct Key: Codable, Equatable, Sendable {
        public var keyId: KeyID
        public var slotId: SlotID
        public var profile: Int
        /// `pending`, `active`, `suspended`.
        public var state: String
        public var receiptSeen: Bool
        /// What waits for its phone until the next standard transaction.
        public var message: String?
        /// Since when its phone says that it will end; a hint that ends nothing.
        public var endingSince: Instant?

        public init(
            keyId: KeyID, slotId: SlotID, profile: Int, state: String, receiptSeen: Bool,
            message: String? = nil, endingSince: Instant? = nil
        ) {
            self.keyId = keyId
            self.slotId = slotId
            self.profile = profile
            self.state = state
            self.receiptSeen = receiptSeen
            self.message = message
            self.endingSince = endingSince
        }
    }

    /// One line of `GET /car/v1/vehicles/{id}/log`, newest first; it never leaves the car (F12).
    public struct LogEntry: Codable, Equatable, Sendable {
        public var id: Int
        public var at: Instant
        /// `door`, `dashboard`, or `approach` for a phone that came near.
        public var reader: String
        /// `unlocked`, `locked`, `drive`, `paired`, `refused`, `aborted`.
        public var outcome: String
        /// A sentence for a person, the reason of a refusal included.
        public var text: String
        /// `fast`, `standard`, `first friend transaction`, `pairing`; none when it ended before.
        public var transaction: String?
        public var keyId: KeyID?
        /// Four hex digits of the last CONTROL FLOW sent, for example `0101`.
        public var controlFlow: String?
        /// Command APDUs sent.
        public var apdus: Int
        /// From the first command to the last answer.
        public var milliseconds: Double

        public init(
            id: Int, at: Instant, reader: String, outcome: String, text: String,
            transaction: String?, keyId: KeyID?, controlFlow: String?, apdus: Int,
            milliseconds: Double
        ) {
            self.id = id
            self.at = at
            self.reader = reader
            self.outcome = outcome
            self.text = text
            self.transaction = transaction
            self.keyId = keyId
            self.controlFlow = controlFlow
            self.apdus = apdus
            self.milliseconds = milliseconds
        }
    }
}
