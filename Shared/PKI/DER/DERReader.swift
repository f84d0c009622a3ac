// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import SwiftASN1

/// Reads the fields of one SEQUENCE in their order; every read throws `PKIError.der` with its field.
///
/// SwiftASN1 has checked tags and minimal lengths of the whole tree before the first field is read.
struct DERReader {
    private var nodes: ASN1NodeCollection.Iterator

    /// Opens the one SEQUENCE that `bytes` are, without anything after it.
    init(parsing bytes: [UInt8], limit: Int = Limits.object) throws(PKIError) {
        guard bytes.count <= limit else { throw .length }
        let root: ASN1Node
        do {
            root = try DER.parse(bytes)
        } catch {
            throw .der("tags or lengths")
        }
        try self.init(root, tag: .sequence, field: "outer sequence")
    }

    /// Opens a constructed `node` with the identifier `tag`.
    init(_ node: ASN1Node, tag: ASN1Identifier, field: String) throws(PKIError) {
        guard node.identifier == tag, case .constructed(let children) = node.content else {
            throw .der(field)
        }
        nodes = children.makeIterator()
    }

    /// Whether every field was read.
    var isAtEnd: Bool {
        var rest = nodes
        return rest.next() == nil
    }

    /// Throws unless every field was read: unknown fields are refused.
    func end() throws(PKIError) {
        guard isAtEnd else { throw .der("a field too many") }
    }

    /// Whether the next field has this identifier, which tells optional fields apart.
    func isNext(_ tag: ASN1Identifier) -> Bool {
        var rest = nodes
        return rest.next()?.identifier == tag
    }

    /// The next field, whatever it is.
    mutating func node(_ field: String) throws(PKIError) -> ASN1Node {
        guard let node = nodes.next() else { throw .der("\(field) missing") }
        return node
    }

    /// The contents of the next field, which must be primitive and have this identifier.
    mutating func primitive(
        _ field: String, tag: ASN1Identifier
    ) throws(PKIError) -> ArraySlice<UInt8> {
        let node = try node(field)
        guard node.identifier == tag, case .primitive(let contents) = node.content else {
            throw .der(field)
        }
        return contents
    }

    /// A nested SEQUENCE, opened.
    mutating func sequence(
        _ field: String, tag: ASN1Identifier = .sequence
    ) throws(PKIError) -> DERReader {
        try DERReader(node(field), tag: tag, field: field)
    }

    /// A nested SEQUENCE with its tag and length, to be read by the type it is.
    mutating func encodedSequence(_ field: String) throws(PKIError) -> [UInt8] {
        let node = try node(field)
        guard node.identifier == .sequence, case .constructed = node.content else {
            throw .der(field)
        }
        return Array(node.encodedBytes)
    }

    /// A non-negative INTEGER in its shortest form, within `range`.
    mutating func integer(
        _ field: String, in range: ClosedRange<Int>, tag: ASN1Identifier = .integer
    ) throws(PKIError) -> Int {
        let contents = try primitive(field, tag: tag)
        guard let first = contents.first, first < 0x80, contents.count <= 8,
            contents.count == 1 || first != 0
                || contents.dropFirst().first.map({ $0 >= 0x80 }) == true
        else { throw .der(field) }
        let value = contents.reduce(0) { $0 << 8 | Int($1) }
        guard range.contains(value) else { throw .der("\(field) out of range") }
        return value
    }

    /// The version every object of this edition begins with: INTEGER 1.
    mutating func version() throws(PKIError) {
        _ = try integer("version", in: 1...1)
    }

    /// An ENUMERATED with one of the values of `Value`.
    mutating func enumerated<Value: RawRepresentable<UInt8>>(
        _ field: String, as type: Value.Type = Value.self
    ) throws(PKIError) -> Value {
        let number = try integer(field, in: 0...127, tag: .enumerated)
        guard let value = Value(rawValue: UInt8(number)) else { throw .der("\(field) \(number)") }
        return value
    }

    /// An OCTET STRING whose size is within `sizes`.
    mutating func octets(
        _ field: String, _ sizes: ClosedRange<Int>, tag: ASN1Identifier = .octetString
    ) throws(PKIError) -> [UInt8] {
        let contents = try primitive(field, tag: tag)
        guard sizes.contains(contents.count) else {
            throw .der("\(field) of \(contents.count) bytes")
        }
        return Array(contents)
    }

    /// An OCTET STRING of exactly `size` bytes.
    mutating func octets(
        _ field: String, _ size: Int, tag: ASN1Identifier = .octetString
    ) throws(PKIError) -> [UInt8] {
        try octets(field, size...size, tag: tag)
    }

    /// An OCTET STRING that is an identifier.
    mutating func identifier<ID: ByteIdentifier>(
        _ field: String, as type: ID.Type = ID.self
    ) throws(PKIError) -> ID {
        ID(uncheckedBytes: try octets(field, ID.size))
    }

    /// An OCTET STRING of 65 bytes that is a point of the curve.
    mutating func publicKey(_ field: String) throws(PKIError) -> PublicKey {
        let bytes = try octets(field, 65)
        do {
            return try PublicKey(bytes)
        } catch {
            throw .point
        }
    }

    /// A GeneralizedTime of exactly 15 bytes, `YYYYMMDDHHMMSSZ`.
    mutating func time(
        _ field: String, tag: ASN1Identifier = .generalizedTime
    ) throws(PKIError) -> Instant {
        let text = String(decoding: try primitive(field, tag: tag), as: UTF8.self)
        guard let time = Instant(generalizedTime: text) else { throw .der(field) }
        return time
    }
}
