// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import SwiftASN1

extension ASN1Identifier {
    /// `[number]`, context-specific.
    static func context(_ number: UInt) -> ASN1Identifier {
        ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific)
    }
}

/// The fields the objects of PROTOCOL 12.2 are made of, in their DER form.
extension DER.Serializer {
    /// The bytes of one SEQUENCE.
    static func sequence(_ fields: (inout DER.Serializer) -> Void) -> [UInt8] {
        var writer = DER.Serializer()
        writer.sequence(fields: fields)
        return writer.serializedBytes
    }

    mutating func sequence(
        tag: ASN1Identifier = .sequence, fields: (inout DER.Serializer) -> Void
    ) {
        appendConstructedNode(identifier: tag, fields)
    }

    /// The shortest form of a non-negative number.
    mutating func integer(_ value: Int, tag: ASN1Identifier = .integer) {
        var bytes = Array(UInt64(max(0, value)).bigEndianBytes.drop { $0 == 0 })
        if bytes.first.map({ $0 >= 0x80 }) ?? true { bytes.insert(0, at: 0) }
        appendPrimitiveNode(identifier: tag) { $0.append(contentsOf: bytes) }
    }

    mutating func version() { integer(1) }

    mutating func enumerated(_ value: UInt8) { integer(Int(value), tag: .enumerated) }

    mutating func octets(_ bytes: [UInt8], tag: ASN1Identifier = .octetString) {
        appendPrimitiveNode(identifier: tag) { $0.append(contentsOf: bytes) }
    }

    mutating func identifier(_ value: some ByteIdentifier) { octets(value.bytes) }

    mutating func time(_ value: Instant, tag: ASN1Identifier = .generalizedTime) {
        appendPrimitiveNode(identifier: tag) {
            $0.append(contentsOf: value.generalizedTime.utf8)
        }
    }
}
