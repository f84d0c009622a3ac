// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// The three 16-byte keys of a secure channel (PROTOCOL 6.1); they print as `<redacted>`.
public struct ChannelKeys: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// Kenc, 16 bytes.
    public let encryption: [UInt8]
    /// Kmac, 16 bytes: MAC of commands.
    public let mac: [UInt8]
    /// Krmac, 16 bytes: MAC of responses.
    public let responseMAC: [UInt8]

    /// Keeps three keys of 16 bytes; a channel with others refuses to work.
    public init(encryption: [UInt8], mac: [UInt8], responseMAC: [UInt8]) {
        self.encryption = encryption
        self.mac = mac
        self.responseMAC = responseMAC
    }

    /// Kenc ‖ Kmac ‖ Krmac, 48 bytes.
    init(_ bytes: ArraySlice<UInt8>) {
        encryption = Array(bytes.prefix(16))
        mac = Array(bytes.dropFirst(16).prefix(16))
        responseMAC = Array(bytes.dropFirst(32).prefix(16))
    }

    /// Same keys, compared in constant time.
    public static func == (left: ChannelKeys, right: ChannelKeys) -> Bool {
        constantTimeEqual(
            left.encryption + left.mac + left.responseMAC,
            right.encryption + right.mac + right.responseMAC)
    }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
