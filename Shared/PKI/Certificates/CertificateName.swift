// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import SwiftASN1

/// Subject or issuer of a certificate: one CommonName, and the very bytes it came in, since verifiers
/// may compare names byte by byte (PROTOCOL 11.2; RFC 5280, 7.1).
///
/// ```
/// SEQUENCE { SET { SEQUENCE { 2.5.4.3, UTF8String or PrintableString (1..64) } } }
/// ```
public struct CertificateName: Hashable, Sendable {
    /// The CommonName.
    public let text: String
    /// The Name as it is written.
    public let der: [UInt8]

    private static let commonName: [UInt8] = [0x55, 0x04, 0x03]
    private static let printable = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?".utf8)

    /// A new name, written as UTF8String; a certificate takes 1...64 characters.
    public init(_ text: String) {
        self.text = text
        der = DER.Serializer.sequence { name in
            name.sequence(tag: .set) { relativeName in
                relativeName.sequence { attribute in
                    attribute.octets(Self.commonName, tag: .objectIdentifier)
                    attribute.octets(Array(text.utf8), tag: .utf8String)
                }
            }
        }
    }

    /// Reads exactly one CommonName, UTF8String or PrintableString of 1...64 characters.
    init(_ node: ASN1Node, field: String) throws(PKIError) {
        var sets = try DERReader(node, tag: .sequence, field: field)
        var attributes = try sets.sequence("relative name", tag: .set)
        var attribute = try attributes.sequence("name attribute")
        guard sets.isAtEnd, attributes.isAtEnd,
            try CertificateParts.identifier(&attribute) == Self.commonName
        else { throw .chain("a name that is not one CommonName") }
        let isPrintable = attribute.isNext(.printableString)
        guard isPrintable || attribute.isNext(.utf8String) else {
            throw .chain("CommonName is neither UTF8String nor PrintableString")
        }
        let letters = try attribute.primitive(
            "CommonName", tag: isPrintable ? .printableString : .utf8String)
        try attribute.end()
        guard !isPrintable || letters.allSatisfy(Self.printable.contains),
            let text = String(validating: letters, as: UTF8.self)
        else { throw .der("CommonName") }
        guard (1...64).contains(text.unicodeScalars.count) else {
            throw .chain("CommonName of \(text.unicodeScalars.count) characters")
        }
        self.text = text
        der = Array(node.encodedBytes)
    }
}
