// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import KeyCrypto
public import KeyProtocol

/// What the operating system and the wallet keep; no key material is in it.
public struct PhoneState: Codable, Hashable, Sendable {
    /// The applet versions this phone offers, highest first.
    public var versions: [ProtocolVersion]
    /// Whom this phone has keys for or may get keys for.
    public var automakers: [Automaker] = []
    /// Pairing mode, from the password being entered (PROTOCOL 3.1).
    public internal(set) var pairing: PairingMode?
    /// The wallet's side of every key, oldest first.
    public internal(set) var keys: [WalletKey] = []
    /// Keys this phone has signed for others.
    public internal(set) var shares: [Share] = []
    /// Keys that ended, with their signed terminations, newest last.
    public internal(set) var ended: [EndedKey] = []
    /// Orders of servers and owners that were carried out.
    var orders: [SeenOrder] = []

    /// A phone without keys.
    public init(versions: [ProtocolVersion] = [.v0200, .v0100]) { self.versions = versions }

    /// The wallet's side of `key`.
    public func key(_ key: KeyID) throws(PhoneError) -> WalletKey {
        guard let found = keys.first(where: { $0.id == key }) else { throw .unknownKey }
        return found
    }

    /// Counts a VERIFY that was answered 6A88; true when the password is dropped (5.6).
    mutating func countPairingFailure() -> Bool {
        pairing?.failures += 1
        guard let pairing, pairing.failures >= Limits.pairingAttempts else { return false }
        self.pairing = nil
        return true
    }

    /// Moves a key to the ended ones; the last 64 are remembered.
    mutating func end(_ key: KeyID, _ termination: [UInt8]) {
        guard !ended.contains(where: { $0.id == key }) else { return }
        ended = (ended + [EndedKey(id: key, termination: termination)]).suffix(64)
    }
}

/// The password of owner pairing and how often it failed; it prints without the password.
public struct PairingMode: Codable, Hashable, Sendable {
    private let secret: SecretBytes
    /// When it was entered.
    public let since: Instant
    /// VERIFY commands answered 6A88.
    public internal(set) var failures = 0

    init(password: String, since: Instant) {
        secret = SecretBytes(Array(password.utf8))
        self.since = since
    }

    var password: String { String(decoding: secret.exposed, as: UTF8.self) }
}

/// The wallet's side of one key.
public struct WalletKey: Codable, Hashable, Sendable {
    /// The key.
    public let id: KeyID
    /// Owner pairing or sharing.
    public let origin: KeyOrigin
    /// The vehicle.
    public let vehicleId: VehicleID
    /// Name of the automaker.
    public let automaker: String
    /// 7F4D.
    public let mapping: MailboxMapping
    /// 7F4E.
    public let configuration: DeviceConfiguration
    /// The vehicle's applet versions, as it sent them in pairing (5.3).
    public let vehicleVersions: [ProtocolVersion]
    /// DER of [K].
    public let vehicleCertificate: [UInt8]
    /// DER of the certificate above [K].
    public let intermediate: [UInt8]?
    /// DER of [H].
    public let endpointCertificate: [UInt8]
    /// The value of 5F5A, for key tracking.
    public internal(set) var vehicleStatement: [UInt8]?
    /// Friend keys: DER of the KeyCreationRequest.
    public internal(set) var creationRequest: [UInt8]?
    /// Friend keys: DER of the imported Attestation.
    public internal(set) var attestation: [UInt8]?
    /// DER of the KtsReceipt, once key tracking has answered.
    public internal(set) var receipt: [UInt8]?
    /// The car's last message; none in states saved before there were messages.
    public internal(set) var message: CarMessage?
    /// When the key ends by itself; none in older states.
    public internal(set) var endsAt: Instant?
    /// The values of 7F4D and 7F4E as they came.
    let mappingValue: StoredBytes
    let configurationValue: StoredBytes
}

/// A key this phone signed for somebody.
public struct Share: Codable, Hashable, Sendable {
    /// The owner key that signed.
    public let owner: KeyID
    /// The slot given away.
    public let slotId: SlotID
    /// The friend's key.
    public let friend: KeyID
    /// DER of the ImportRequest, to be sent again when it was lost.
    public let importRequest: [UInt8]
}

/// A key that ended on this phone.
public struct EndedKey: Codable, Hashable, Sendable {
    /// The key.
    public let id: KeyID
    /// DER of its Termination.
    public let termination: [UInt8]
}

/// An order about a key that was carried out; an older or equal one is a replay.
struct SeenOrder: Codable, Hashable, Sendable {
    let key: KeyID
    let time: Instant
    let requestId: StoredBytes
}
