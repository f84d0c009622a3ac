// SPDX-License-Identifier: Apache-2.0

/// What owner pairing leaves on both sides (PROTOCOL 5.5, "SystemKeys").
public struct PairingKeys: Sendable, CustomStringConvertible, CustomReflectable {
    /// Keys of the pairing channel.
    public let channel: ChannelKeys
    /// LTSS, 16 bytes, kept for the life of the owner key.
    public let longTermSharedSecret: SecretBytes
    /// Kble_intro, 16 bytes, when asked for.
    public let bleIntro: SecretBytes?
    /// Kble_oob_master, 16 bytes, when asked for.
    public let bleOOBMaster: SecretBytes?

    /// Derives 64 or, with `ble`, 96 bytes from SK, which has 16 bytes (else `length`).
    public init(sharedKey: [UInt8], ble: Bool = false) throws(CryptoError) {
        guard sharedKey.count == 16 else { throw .length }
        let bytes = hkdf(sharedKey, info: Label.systemKeys, count: ble ? 96 : 64)
        channel = ChannelKeys(bytes.prefix(48))
        longTermSharedSecret = SecretBytes(Array(bytes.dropFirst(48).prefix(16)))
        bleIntro = ble ? SecretBytes(Array(bytes.dropFirst(64).prefix(16))) : nil
        bleOOBMaster = ble ? SecretBytes(Array(bytes.suffix(16))) : nil
    }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
