// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyProtocol

/// A whole phone in one file, secrets included, for the bench: whoever has it can play this phone
/// (docs/interop.md 6). Keys and certificates are PEM, other bytes lower-case hexadecimal.
///
/// Of the wallet it holds what a tap needs. Consents that wait, shares and ended keys stay behind.
public struct PhoneFile: Codable, Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    /// Always `latchkey-phone-1`.
    public var format = Self.format
    public var environment: String
    /// What SELECT offers, highest first.
    public var versions: [String]
    public var makers: [Maker]
    /// Oldest first.
    public var keys: [Key]

    /// An automaker, and the instance CA this phone has there.
    public struct Maker: Codable, Equatable, Sendable {
        public var name: String
        /// The key of [J], and its name.
        public var rootKey: String
        public var rootName: String?
        /// What its readers call themselves in polling frames.
        public var readerMake: ReaderMake?
        /// [F], [E], and the key of [E].
        public var externalCA: String
        public var instanceCA: String
        public var instanceKey: String
        /// Keys of [Q].
        public var signatureKeys: [String]
    }

    /// A key with everything the secure element and the wallet hold of it.
    public struct Key: Codable, Equatable, Sendable {
        public var origin: KeyOrigin
        public var phase: KeyPhase
        public var automaker: String
        /// device.SK.
        public var privateKey: String
        /// Friend keys: opens the token.
        public var encryptionKey: String?
        public var vehicleId: VehicleID
        public var vehicleKey: String
        public var version: String
        public var options: String
        public var slotId: SlotID
        public var notBefore: Instant
        public var notAfter: Instant
        /// [J]'s first.
        public var authorizedKeys: [String]
        public var accountInfoHash: String?
        /// [H].
        public var certificate: String
        /// The values of 7F4D and 7F4E, and what the car said of itself.
        public var mapping: String
        public var deviceConfiguration: String
        public var vehicleVersions: [String]
        public var vehicleCertificate: String
        public var intermediate: String?
        public var privateMailbox: String
        public var confidentialMailbox: String
        public var hasToken: Bool
        public var kpersistent: String?
        public var longTermSharedSecret: String?
        /// DER of what the wallet keeps, where there is any.
        public var vehicleStatement: String?
        public var creationRequest: String?
        public var attestation: String?
        public var receipt: String?
        public var termination: String?
        /// The car's last message; when the key ends by itself.
        public var message: String?
        public var endsAt: Instant?
    }

    /// What `format` must say.
    public static let format = "latchkey-phone-1"

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
