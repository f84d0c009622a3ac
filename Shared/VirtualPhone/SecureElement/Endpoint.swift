// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
public import KeyProtocol

/// Where a key is in its life; a deleted key is no longer there (PROTOCOL 15).
public enum KeyPhase: String, Codable, Sendable, CaseIterable {
    /// Made, but not yet confirmed by OP CONTROL FLOW 02 or by the imported package.
    case creating
    /// Usable.
    case active
    /// Not usable until resumed; the car sees an unknown key.
    case suspended
    /// Ended for good; the termination is signed.
    case terminated
}

/// How a key came to be.
public enum KeyOrigin: String, Codable, Sendable {
    /// Owner pairing.
    case pairing
    /// The request of an owner.
    case sharing
}

/// What a new key is bound to: the content of 7F4A or of a KeyCreationRequest (PROTOCOL 7.6, 12.2).
public struct EndpointDescription: Codable, Hashable, Sendable {
    /// The vehicle.
    public var vehicleId: VehicleID
    /// `vehicle.PK`.
    public var vehicleKey: PublicKey
    /// The version the key was made for; lower ones are refused.
    public var version: ProtocolVersion
    /// option_group_1 and 2.
    public var options: KeyOptions
    /// The slot id the key answers with for ever.
    public var slotId: SlotID
    /// Begin of validity.
    public var notBefore: Instant
    /// End of validity; `Instant.noEnd` for none.
    public var notAfter: Instant
    /// Bytes of the confidential mailbox.
    public var confidentialSize: Int
    /// Bytes of the private mailbox.
    public var privateSize: Int
    /// Root keys; the automaker's own first.
    public var authorizedKeys: [PublicKey]
    /// Hash of the account, 32 bytes.
    public var accountInfoHash: [UInt8]?
}

/// One digital key inside the secure element.
struct Endpoint: Codable, Hashable, Sendable {
    let keyId: KeyID
    let origin: KeyOrigin
    var phase: KeyPhase
    let description: EndpointDescription
    /// 7F4D: where the vehicle keeps what in the private mailbox.
    let mapping: MailboxMapping
    let privateKey: PrivateKey
    /// Friend keys: receives the token of 13.1.
    var encryptionKey: PrivateKey?
    /// Owner keys: LTSS of 5.5.
    var longTermSharedSecret: SecretBytes?
    var mailboxes: Mailboxes
    var hasToken = false
    var consents: [Consent] = []
    /// The Termination DER, signed once.
    var termination: StoredBytes?

    var isUsable: Bool { phase == .active }

    /// option_group_2 b3.
    var isRangingAllowed: Bool { description.options.rights.contains(.ranging) }

    func allows(_ option: KeyOptions.Transactions) -> Bool {
        description.options.transactions.contains(option)
    }
}

/// The owner's word for one signature: exactly this slot id and KeyConfig (PROTOCOL 12.3 step 1).
struct Consent: Codable, Hashable, Sendable {
    let slotId: SlotID
    /// The whole KeyCreationRequest DER that was sent.
    let request: StoredBytes
    /// Six ASCII digits when the friend's first use needs them.
    let activationCode: SecretBytes?
    var isUsed = false
}

/// A key of the secure element that certifies endpoints, one per automaker (PROTOCOL 11.1 [E]).
struct InstanceCA: Codable, Hashable, Sendable {
    /// What the wallet calls the automaker.
    let automaker: String
    let privateKey: PrivateKey
    /// What containers from the automaker are opened with, once one was asked for.
    var encryption: DeviceEncryption?
}

/// The device's encryption key for one automaker and its certificate (.7).
struct DeviceEncryption: Codable, Hashable, Sendable {
    let privateKey: PrivateKey
    let certificate: StoredBytes
}

/// The secret of the next ranging session, per key.
struct RangingKey: Codable, Hashable, Sendable {
    let keyId: KeyID
    let secret: RangingSecret
}

/// The secret of the fast transaction, per key; the list is ordered, oldest first.
struct PersistentKey: Codable, Hashable, Sendable {
    let keyId: KeyID
    let secret: PersistentSecret
}
