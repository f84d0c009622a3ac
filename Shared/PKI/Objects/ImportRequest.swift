// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1

/// The signed package for the friend's phone (PROTOCOL 12.2, step 6 of 12.3).
///
/// ```
/// SEQUENCE { version INTEGER(1), attestation Attestation, encToken OCTET OPTIONAL }
/// ```
public struct ImportRequest: DERObject {
    public var attestation: Attestation
    /// The immobilizer token for the friend's encryption key (PROTOCOL 13.1), 113 bytes.
    public var encToken: [UInt8]?

    /// An attestation, with the token when the key needs one.
    public init(attestation: Attestation, encToken: [UInt8]? = nil) {
        self.attestation = attestation
        self.encToken = encToken
    }

    /// Reads strict DER.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes)
        try fields.version()
        attestation = try Attestation(parsing: fields.encodedSequence("attestation"))
        encToken =
            fields.isNext(.octetString)
            ? try fields.octets("encToken", 1...Limits.certificate) : nil
        try fields.end()
    }

    /// The DER of this value.
    public var encoded: [UInt8] {
        DER.Serializer.sequence { fields in
            fields.version()
            fields.serializeRawBytes(attestation.encoded)
            if let encToken { fields.octets(encToken) }
        }
    }
}
