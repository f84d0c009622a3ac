// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// What the factory gives a car; it never changes (PROTOCOL 7.1, phase 0).
public struct VehicleIdentity: Codable, Equatable, Sendable {
    public var vehicleId: VehicleID
    /// vehicle.SK.
    public var privateKey: PrivateKey
    /// vehicle.PK.
    public var publicKey: PublicKey
    /// [K], DER hex in JSON.
    public var certificate: SecretBytes
    /// The certificate between [J] and [K], when there is one.
    public var intermediate: SecretBytes?
    /// Key of [J]: anchor of owner keys.
    public var automakerKey: PublicKey
    /// Name of [J], which the issuer of [F] must carry; none for cars provisioned before it was kept.
    public var automakerName: String?
    /// Key of [Q]: signs KTS receipts.
    public var receiptKey: PublicKey
    /// K_immo, 32 bytes.
    public var immobilizerKey: SecretBytes
    /// Tag D6, 2 bytes; FFFF in tests.
    public var brand: [UInt8]
    /// Applet versions the car supports, highest first; 0200 is among them.
    public var versions: [ProtocolVersion]

    /// An identity; throws `length` or `range` when vehicle.SK is not a private key.
    public init(
        vehicleId: VehicleID, privateKey: [UInt8], certificate: [UInt8], intermediate: [UInt8]?,
        automakerKey: PublicKey, automakerName: String? = nil, receiptKey: PublicKey,
        immobilizerKey: [UInt8],
        brand: [UInt8] = [0xFF, 0xFF], versions: [ProtocolVersion] = [.v0200, .v0100]
    ) throws(CryptoError) {
        guard immobilizerKey.count == 32, brand.count == 2 else { throw .length }
        self.vehicleId = vehicleId
        self.privateKey = try PrivateKey(scalar: privateKey)
        self.publicKey = self.privateKey.publicKey
        self.certificate = SecretBytes(certificate)
        self.intermediate = intermediate.map(SecretBytes.init)
        self.automakerKey = automakerKey
        self.automakerName = automakerName
        self.receiptKey = receiptKey
        self.immobilizerKey = SecretBytes(immobilizerKey)
        self.brand = brand
        self.versions = versions.sorted(by: >)
    }

    /// The immobilizer token of a slot id, 16 bytes (PROTOCOL 10.5).
    func token(of slotId: SlotID) -> [UInt8] {
        immobilizerToken(key: immobilizerKey.exposed, slotId: slotId, vehicleId: vehicleId)
    }
}
