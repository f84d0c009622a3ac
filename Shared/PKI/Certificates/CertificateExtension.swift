// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1

/// `SEQUENCE { OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, OCTET STRING }` (RFC 5280, 4.1).
struct CertificateExtension: Hashable, Sendable {
    /// Contents of the object identifier.
    let oid: [UInt8]
    let isCritical: Bool
    let value: [UInt8]

    static let keyUsage: [UInt8] = [0x55, 0x1D, 0x0F]
    static let basicConstraints: [UInt8] = [0x55, 0x1D, 0x13]
    static let subjectKeyIdentifier: [UInt8] = [0x55, 0x1D, 0x0E]
    static let authorityKeyIdentifier: [UInt8] = [0x55, 0x1D, 0x23]
    /// 1.3.6.1.4.1.41577.5; the number of PROTOCOL 11.3 follows.
    static let privateArc: [UInt8] = [0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xC4, 0x69, 0x05]
    /// Value of every private extension but .3 and .4: SEQUENCE { INTEGER 1 }.
    static let simpleValue: [UInt8] = [0x30, 0x03, 0x02, 0x01, 0x01]

    init(_ reader: DERReader) throws(PKIError) {
        var fields = reader
        oid = Array(try fields.primitive("extension identifier", tag: .objectIdentifier))
        if fields.isNext(.boolean) {
            // FALSE is the default and must not be written out; TRUE is FF.
            guard Array(try fields.primitive("critical", tag: .boolean)) == [0xFF] else {
                throw .der("critical")
            }
            isCritical = true
        } else {
            isCritical = false
        }
        value = try fields.octets("extension", 0...Limits.certificate)
        try fields.end()
    }

    static func list(_ node: ASN1Node) throws(PKIError) -> [CertificateExtension] {
        // [3] EXPLICIT SEQUENCE OF Extension
        var wrapper = try DERReader(node, tag: .context(3), field: "extensions")
        var entries = try wrapper.sequence("extensions")
        try wrapper.end()
        var list: [CertificateExtension] = []
        while !entries.isAtEnd {
            guard list.count < Limits.extensions else { throw .der("too many extensions") }
            let entry = try CertificateExtension(entries.sequence("extension"))
            guard !list.contains(where: { $0.oid == entry.oid }) else {
                throw .der("an extension twice")
            }
            list.append(entry)
        }
        return list
    }
}
