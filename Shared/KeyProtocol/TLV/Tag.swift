// SPDX-License-Identifier: Apache-2.0

/// A BER tag of one or two bytes (PROTOCOL 2.2).
public struct Tag: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// `0x5C`, `0x7F50`.
    public let value: UInt16

    /// A tag as the tables write it.
    public init(_ value: UInt16) { self.value = value }
    /// A tag as the tables write it.
    public init(integerLiteral value: UInt16) { self.value = value }

    /// One or two bytes.
    public var bytes: [UInt8] {
        value > 0xFF
            ? [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
            : [UInt8(truncatingIfNeeded: value)]
    }

    /// Upper-case hexadecimal digits, as the tables write it.
    public var description: String { String(value, radix: 16, uppercase: true) }
}
