// SPDX-License-Identifier: Apache-2.0

/// The three 16-byte keys of a secure channel (PROTOCOL 6.1); they print as `<redacted>`.
public struct ChannelKeys: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// Kenc.
    let encryption: AESKey
    /// Kmac: MAC of commands.
    let mac: AESKey
    /// Krmac: MAC of responses.
    let responseMAC: AESKey

    /// Takes three keys of 16 bytes; a channel with others refuses to work.
    public init(encryption: [UInt8], mac: [UInt8], responseMAC: [UInt8]) {
        self.encryption = AESKey(encryption[...])
        self.mac = AESKey(mac[...])
        self.responseMAC = AESKey(responseMAC[...])
    }

    /// Kenc ‖ Kmac ‖ Krmac, 48 bytes.
    init(_ bytes: ArraySlice<UInt8>) {
        encryption = AESKey(bytes.prefix(16))
        mac = AESKey(bytes.dropFirst(16).prefix(16))
        responseMAC = AESKey(bytes.dropFirst(32).prefix(16))
    }

    /// Takes the 48 bytes of `exposed`; another size makes keys that refuse to work.
    public init(exposed: [UInt8]) { self.init(exposed[...]) }

    /// Kenc ‖ Kmac ‖ Krmac; every reader of this property is a place to review.
    public var exposed: [UInt8] { encryption.exposed + mac.exposed + responseMAC.exposed }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
