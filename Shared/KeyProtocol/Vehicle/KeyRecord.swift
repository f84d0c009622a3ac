// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
public import PKI

/// A key the car knows.
public struct KeyRecord: Codable, Equatable, Sendable {
    public var keyId: KeyID
    public var slotId: SlotID
    /// device.PK.
    public var publicKey: PublicKey
    /// The lowest version it may be used with (PROTOCOL 8.7, row 8).
    public var version: ProtocolVersion
    /// Rights and validity; profile `owner` for the owner's key.
    public var config: KeyConfig
    public var state: State
    /// 32 bytes of the last standard transaction.
    public var kpersistent: PersistentSecret?
    /// LONG_TERM_SHARED_SECRET, 16 bytes; owner keys only.
    public var longTermSharedSecret: SecretBytes?
    /// Whether a valid KTS receipt was read.
    public var receiptSeen: Bool
    /// What the next ranging session uses up; none in records saved before there was ranging.
    public var ranging: RangingSecret?
    /// What waits for its phone; none in records saved before there were messages.
    public var message: CarMessage?
    /// Since when its phone says that it will end (PROTOCOL 10.4, bit 5); none in older records.
    public var endingSince: Instant?

    /// What the car does with the key.
    public enum State: String, Codable, Sendable {
        case active, suspended
    }

    /// A key just accepted.
    public init(
        slotId: SlotID, publicKey: PublicKey, version: ProtocolVersion, config: KeyConfig,
        kpersistent: PersistentSecret? = nil, longTermSharedSecret: SecretBytes? = nil
    ) {
        keyId = publicKey.keyId
        self.slotId = slotId
        self.publicKey = publicKey
        self.version = version
        self.config = config
        state = .active
        self.kpersistent = kpersistent
        self.longTermSharedSecret = longTermSharedSecret
        receiptSeen = false
    }

    /// Whether this is the owner's key.
    public var isOwner: Bool { config.profile == .owner }
}

/// An owner key after phase 2: usable for phase 3 and nothing else (PROTOCOL 7.5, 7.8).
public struct PendingKey: Codable, Equatable, Sendable {
    public var key: KeyRecord
    /// The pairing it comes from.
    public var pairingId: String
    /// When phase 2 stored it; 10 minutes later it is dropped.
    public var since: Instant
    /// Ids a phase 3 that broke may have written.
    public var writtenSlots: [SlotID]

    /// A key that waits for phase 3.
    public init(key: KeyRecord, pairingId: String, since: Instant) {
        self.key = key
        self.pairingId = pairingId
        self.since = since
        writtenSlots = []
    }
}
