// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// A value with exactly one encoding in strict DER (PROTOCOL 2.3): `init(parsing: x)` succeeds only
/// when `encoded` gives `x` again.
///
/// As `Codable` it is a string of lower-case hexadecimal digits of its DER.
public protocol DERObject: Hashable, Sendable, Codable {
    /// Reads one object; non-minimal lengths, wrong tags, ranges, unknown or trailing fields throw.
    init(parsing bytes: [UInt8]) throws(PKIError)
    /// The DER of this value.
    var encoded: [UInt8] { get }
}

extension DERObject {
    /// Reads hexadecimal digits of DER.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        try self.init(parsing: [UInt8](hex: text))
    }

    /// Writes hexadecimal digits of DER.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(encoded.hex)
    }
}
