// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// Stored key material: written as hexadecimal by `Codable`, shown as `<redacted>` anywhere else.
public struct SecretBytes: Hashable, Sendable, Codable, CustomStringConvertible,
    CustomReflectable
{
    /// The bytes; every reader of this property is a place to review.
    public let exposed: [UInt8]

    /// Wraps `bytes`.
    public init(_ bytes: [UInt8]) { exposed = bytes }

    /// Reads hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        exposed = try [UInt8](hex: decoder.singleValueContainer().decode(String.self))
    }

    /// Writes hexadecimal digits.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(exposed.hex)
    }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
