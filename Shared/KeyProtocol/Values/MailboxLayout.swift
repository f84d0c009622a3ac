// SPDX-License-Identifier: Apache-2.0

/// The signaling bitmap: hints, because the phone OS can write them (PROTOCOL 10.4).
public struct SignalingBits: OptionSet, Hashable, Sendable, Codable {
    /// The byte at offset 0000 of the private mailbox.
    public let rawValue: UInt8
    /// Bits as in the mailbox.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Bit 0: fewer than eight slots are valid.
    public static let refillWanted = SignalingBits(rawValue: 0x01)
    /// Bit 1: an attestation package waits for the car.
    public static let package = SignalingBits(rawValue: 0x02)
    /// Bit 2: a KTS receipt waits for the car.
    public static let receipt = SignalingBits(rawValue: 0x04)
    /// Bit 3: OEM data for the car.
    public static let dataForCar = SignalingBits(rawValue: 0x08)
    /// Bit 4: OEM data for the phone.
    public static let dataForPhone = SignalingBits(rawValue: 0x10)
    /// Bit 5: the phone means to end the key; it works until then, and the bit alone ends nothing.
    public static let terminationPending = SignalingBits(rawValue: 0x20)
}

/// Sizes of the two mailboxes and what they hold (PROTOCOL 10.2, 10.3).
public enum MailboxLayout {
    /// Bytes of the private mailbox.
    public static let privateSize: UInt16 = 0x0400
    /// Bytes of the confidential mailbox: eight tokens.
    public static let confidentialSize: UInt16 = 0x0080
    /// Bytes of a slot id.
    public static let slotLength = 2
    /// Bytes of an immobilizer token.
    public static let tokenLength = 16
    /// Tag of a message for the phone in the OEM area (PROTOCOL 10.4).
    public static let messageTag: UInt8 = 0xC2
    /// Tag of the retire list in the OEM area: n × 2-byte slot ids (PROTOCOL 10.7).
    public static let retireListTag: UInt8 = 0xC1

    /// Offset of the token of `position` (1...8) in the confidential mailbox.
    public static func tokenOffset(position: UInt8) -> UInt16 {
        UInt16(tokenLength) * (UInt16(max(position, 1)) - 1)
    }

    /// The bit of `position` (1...8) in the slot bitmap.
    public static func bit(position: UInt8) -> UInt8 { 1 << (max(position, 1) - 1) }
}
