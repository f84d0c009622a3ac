// SPDX-License-Identifier: Apache-2.0

/// What a standard transaction derives (PROTOCOL 8.4).
public struct StandardKeys: Sendable, CustomStringConvertible, CustomReflectable {
    /// Keys of the AUTH1 response and the EXCHANGE commands.
    public let channel: ChannelKeys
    /// 32 bytes, kept by both sides for the next fast transaction.
    public let kpersistent: PersistentSecret
    /// 32 bytes for UWB ranging, when it was asked for.
    public let ursk: SecretBytes?

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a fast transaction derives (PROTOCOL 8.5).
public struct FastKeys: Sendable, CustomStringConvertible, CustomReflectable {
    /// 16 bytes, sent by the phone as tag 9D.
    public let cryptogram: [UInt8]
    /// Keys of the EXCHANGE commands.
    public let channel: ChannelKeys

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
