// SPDX-License-Identifier: Apache-2.0

/// Why a cryptographic step refused its input; the names are the failure classes of PROTOCOL 21.
public enum CryptoError: Error, Equatable, Sendable {
    /// MAC or tag wrong, or a body whose shape no sender makes.
    case mac
    /// Padding wrong after a good MAC.
    case padding
    /// Counter exhausted, channel wiped, or steps out of order.
    case closed
    /// Not a point of P-256, or infinity.
    case point
    /// M[1] or M[2] wrong.
    case evidence
    /// A signature could not be made or is malformed.
    case signature
    /// A value of a fixed size has another.
    case length
    /// A number outside its range.
    case range
    /// Encrypted for somebody else.
    case recipient
    /// A container of a version or type not known here.
    case version
    /// A container that is not of the agreed form.
    case malformed
    /// scrypt cost or salt not acceptable.
    case scrypt
}
