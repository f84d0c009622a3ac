// SPDX-License-Identifier: Apache-2.0

/// Why bytes of the key protocol were refused; the words of PROTOCOL 21.
public enum ProtocolError: Error, Equatable, Sendable {
    /// A command that has none of the four short shapes (PROTOCOL 2.1).
    case apdu
    /// A tag, a length or a value outside the rules of PROTOCOL 2.2.
    case tlv
    /// A tag that may appear once appeared twice.
    case duplicate
    /// A mandatory field is not there.
    case missing
    /// A field of fixed size has another one.
    case length
    /// A value that the profile does not allow.
    case range
    /// Fields that must have a fixed order have another one.
    case order
    /// A public key that is not a point of the curve.
    case point
    /// A polling frame whose checksum is wrong.
    case crc
    /// A polling frame of another shape.
    case pollingFrame
}
