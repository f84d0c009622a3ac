// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import SwiftASN1

/// The fields of a certificate, each as narrow as PROTOCOL 11.2 has it.
enum CertificateParts {
    private static let ecdsaWithSHA256: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]
    private static let ecPublicKey: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
    private static let prime256v1: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]

    static func signatureAlgorithm(_ reader: DERReader) throws(PKIError) {
        var fields = reader
        guard try identifier(&fields) == ecdsaWithSHA256, fields.isAtEnd else {
            throw .chain("signature algorithm is not ecdsa-with-SHA256")
        }
    }

    /// A positive number in its shortest form, at most 20 bytes.
    static func serial(_ contents: ArraySlice<UInt8>) throws(PKIError) -> [UInt8] {
        let bytes = Array(contents)
        guard let first = bytes.first else { throw .der("serialNumber") }
        if first == 0, let second = bytes.dropFirst().first, second < 0x80 {
            throw .der("serialNumber not in its shortest form")
        }
        guard first < 0x80, bytes.contains(where: { $0 != 0 }) else {
            throw .chain("serialNumber not positive")
        }
        guard (8...20).contains(bytes.count) else {
            throw .chain("serialNumber of \(bytes.count) bytes")
        }
        return bytes
    }

    /// UTCTime `YYMMDDHHMMSSZ` (1950...2049) or GeneralizedTime (RFC 5280, 4.1.2.5).
    static func time(_ fields: inout DERReader) throws(PKIError) -> Instant {
        guard fields.isNext(.utcTime) else { return try fields.time("validity") }
        let text = String(decoding: try fields.primitive("validity", tag: .utcTime), as: UTF8.self)
        guard let instant = Instant(generalizedTime: (text < "50" ? "20" : "19") + text) else {
            throw .der("validity")
        }
        return instant
    }

    /// `SEQUENCE { SEQUENCE { ecPublicKey, prime256v1 }, BIT STRING 00 ‖ 65 bytes }`.
    static func publicKey(_ reader: DERReader) throws(PKIError) -> PublicKey {
        var fields = reader
        var algorithm = try fields.sequence("key algorithm")
        guard try identifier(&algorithm) == ecPublicKey, try identifier(&algorithm) == prime256v1,
            algorithm.isAtEnd
        else { throw .chain("key is not of prime256v1") }
        let bits = try fields.primitive("key", tag: .bitString)
        try fields.end()
        guard bits.first == 0, let key = try? PublicKey(Array(bits.dropFirst())) else {
            throw .chain("key is not an uncompressed point of the curve")
        }
        return key
    }

    /// The other way round, for extensions that carry keys.
    static func write(_ key: PublicKey, to writer: inout DER.Serializer) {
        writer.sequence { fields in
            fields.sequence { algorithm in
                algorithm.octets(ecPublicKey, tag: .objectIdentifier)
                algorithm.octets(prime256v1, tag: .objectIdentifier)
            }
            fields.octets([0] + key.bytes, tag: .bitString)
        }
    }

    /// r ‖ s, 64 bytes, of `BIT STRING { SEQUENCE { r INTEGER, s INTEGER } }`.
    static func signature(_ bits: ArraySlice<UInt8>) throws(PKIError) -> [UInt8] {
        guard bits.first == 0 else { throw .der("signature") }
        var numbers = try DERReader(parsing: Array(bits.dropFirst()))
        let r = try number(numbers.primitive("r", tag: .integer))
        let s = try number(numbers.primitive("s", tag: .integer))
        try numbers.end()
        return r + s
    }

    private static func number(_ contents: ArraySlice<UInt8>) throws(PKIError) -> [UInt8] {
        let digits = contents.drop { $0 == 0 }
        let padding = contents.count - digits.count
        // A leading zero only where the number would otherwise look negative.
        guard let first = digits.first, digits.count <= 32, padding == (first < 0x80 ? 0 : 1) else {
            throw .der("signature")
        }
        return [UInt8](repeating: 0, count: 32 - digits.count) + digits
    }

    static func identifier(_ fields: inout DERReader) throws(PKIError) -> [UInt8] {
        Array(try fields.primitive("object identifier", tag: .objectIdentifier))
    }
}
