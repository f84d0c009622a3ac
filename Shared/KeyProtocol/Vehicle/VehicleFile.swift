// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import KeyCrypto
public import PKI

/// A whole car in one file, secrets included, for the bench: whoever has it can play this car
/// (docs/interop.md 6). Keys and certificates are PEM, other bytes lower-case hexadecimal.
public struct VehicleFile: Codable, Equatable, Sendable, CustomStringConvertible, CustomReflectable
{
    /// Always `latchkey-vehicle-1`.
    public var format = Self.format
    public var environment: String
    public var vehicleId: VehicleID
    public var displayName: String
    /// PC/SC names of the readers where it stands; none for a car from elsewhere.
    public var door: String?
    public var dashboard: String?
    public var furtherDoors: [String]?
    public var trunk: String?
    /// Where its radio takes phones that come near, `host:port` on loopback; none without one.
    public var passiveEntry: String?
    /// vehicle.SK.
    public var vehicleKey: String
    /// Opens the pairing verifier of vehicle documents.
    public var encryptionKey: String
    /// K_immo.
    public var immobilizerKey: String
    /// [K], what is between [J] and [K], [J], [Q].
    public var certificate: String
    public var intermediate: String?
    public var root: String
    public var signature: String
    /// Tag D6, and the applet versions, highest first.
    public var brand: String
    public var versions: [String]
    /// option_group_1 ‖ 2 of owner keys; the values of 7F4D and 7F4E.
    public var options: String
    public var mapping: String
    public var deviceConfiguration: String
    /// 83 and 84 of owner keys.
    public var ownerNotBefore: Instant
    public var ownerNotAfter: Instant
    /// 89 after [J]'s, and 8A.
    public var furtherAuthorizedKeys: [String]
    public var accountInfoHash: String?
    /// Most recently used first.
    public var keys: [Key]
    /// State by slot id; ids that are not here were never given out.
    public var slots: [String: SlotState]
    /// Ids of keys suspended before the car had them; files written before say nothing of them.
    public var suspendedAhead: [String]?
    /// Present in pairing mode.
    public var verifier: Verifier?
    /// False where the clock may not be relied on (PROTOCOL 8.9); absent means true.
    public var hasTrustedTime: Bool?

    /// A key the car knows.
    public struct Key: Codable, Equatable, Sendable {
        public var slotId: SlotID
        /// device.PK.
        public var publicKey: String
        public var version: String
        /// DER of the KeyConfig.
        public var config: String
        /// `pending`, `active`, `suspended`.
        public var state: String
        public var receiptSeen: Bool
        /// 32 bytes, for fast transactions.
        public var kpersistent: String?
        /// LTSS, 16 bytes; owner keys.
        public var longTermSharedSecret: String?
        /// What waits for its phone, 1...44 bytes of one line.
        public var message: String?
        /// Since when its phone says that it will end.
        public var endingSince: Instant?
    }

    /// What the car needs of a pairing password (PROTOCOL 5.2).
    public struct Verifier: Codable, Equatable, Sendable {
        public var id: String
        public var expiresAt: Instant
        public var w0: String
        public var L: String
        public var salt: String
        public var N: UInt32
        public var r: UInt16
        public var p: UInt16
        public var attempts: Int
    }

    /// What `format` must say.
    public static let format = "latchkey-vehicle-1"

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where bench material may leave and enter: cars and phones of real people never do.
public enum BenchMaterial {
    /// Whether keys may be exported in `environment`.
    public static func isAllowed(in environment: String) -> Bool {
        ["development", "testing", "test"].contains(environment)
    }

    /// What to say where they may not.
    public static func refusal(in environment: String) -> String {
        "keys do not leave the environment '\(environment)': only 'development', 'testing' and 'test' have bench material"
    }

    /// Reads one member of a file; a failure names the member and never quotes what is in it.
    public static func member<Value>(
        _ name: String, _ read: () throws -> Value
    ) throws(PKIError) -> Value {
        do {
            return try read()
        } catch {
            let reason =
                switch error {
                // Of a member inside this one.
                case PKIError.material(let reason): reason
                case let error as PKIError: error.description
                default: "not of the right form"
                }
            throw .material("\(name): \(reason)")
        }
    }
}
