// SPDX-License-Identifier: Apache-2.0

internal import Crypto
public import Identifiers
internal import Synchronization

/// A P-256 public key whose point was checked (PROTOCOL 2.3).
public struct PublicKey: Sendable {
    private let parsed: Parsed

    /// Takes 65 bytes `04‖x‖y`; another form, an off-curve point and infinity throw `point`.
    public init(_ x963: [UInt8]) throws(CryptoError) {
        guard x963.count == 65, x963.first == 0x04 else { throw .point }
        do {
            parsed = Parsed(try P256.KeyAgreement.PublicKey(x963Representation: x963), x963)
        } catch {
            throw .point
        }
    }

    /// A point that is known to be good.
    init(_ key: P256.KeyAgreement.PublicKey) {
        parsed = Parsed(key, Array(key.x963Representation))
    }

    /// 65 bytes `04‖x‖y`.
    public var bytes: [UInt8] { parsed.bytes }

    /// The x coordinate, 32 bytes.
    public var x: [UInt8] { parsed.x }

    /// SHA-1 of the 65 bytes (PROTOCOL 2.3).
    public var keyId: KeyID { KeyID(uncheckedBytes: sha1(bytes)) }

    /// Whether `signature` (`r‖s`, 64 bytes) is an ECDSA-SHA256 signature over `message`; a
    /// malformed one is not.
    public func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == 64, let key = parsed.signing,
            let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
        else { return false }
        return key.isValidSignature(signature, for: digest(message))
    }

    /// The same point as swift-crypto has it for ECDH.
    var agreement: P256.KeyAgreement.PublicKey { parsed.agreement }
}

extension PublicKey: Hashable {
    /// Same point.
    public static func == (left: PublicKey, right: PublicKey) -> Bool { left.bytes == right.bytes }

    /// Hashes the 65 bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

extension PublicKey: Codable, CustomStringConvertible {
    /// 130 lower-case hexadecimal digits.
    public var description: String { bytes.hex }

    /// Reads a string of 130 hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        try self.init([UInt8](hex: decoder.singleValueContainer().decode(String.self)))
    }

    /// Writes 130 lower-case hexadecimal digits.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// What swift-crypto makes of one point: its ECDH and ECDSA keys are different types, and most keys
/// are used for one of the two only, so the second is made when it is first wanted.
private final class Parsed: Sendable {
    let agreement: P256.KeyAgreement.PublicKey
    let bytes: [UInt8]
    /// Enters every key schedule, so it is cut out once.
    let x: [UInt8]
    private let verifying = Mutex<P256.Signing.PublicKey?>(nil)

    init(_ agreement: P256.KeyAgreement.PublicKey, _ bytes: [UInt8]) {
        self.agreement = agreement
        self.bytes = bytes
        x = Array(bytes[1..<33])
    }

    var signing: P256.Signing.PublicKey? {
        verifying.withLock { cached in
            if cached == nil { cached = try? P256.Signing.PublicKey(x963Representation: bytes) }
            return cached
        }
    }
}
