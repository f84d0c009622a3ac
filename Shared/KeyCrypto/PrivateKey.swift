// SPDX-License-Identifier: Apache-2.0

public import Crypto
public import Identifiers
internal import Synchronization

/// A P-256 private key; it prints as `<redacted>`.
public struct PrivateKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let parsed: ParsedPrivateKey

    /// Takes a scalar of 32 bytes; another size throws `length`, zero and values ≥ n `range`.
    public init(scalar: [UInt8]) throws(CryptoError) {
        guard scalar.count == 32 else { throw .length }
        guard let parsed = ParsedPrivateKey(scalar) else { throw .range }
        self.parsed = parsed
    }

    /// Draws 32 bytes for `purpose`, again while they are not a scalar (chance 2⁻³²).
    public static func generate(_ random: RandomSource, for purpose: String) -> PrivateKey {
        // Drawn bytes instead of swift-crypto's own generator: 20 times faster, and scripted draws
        // make the test vectors reproducible.
        while true {
            if let key = try? PrivateKey(scalar: random.bytes(32, for: purpose)) { return key }
        }
    }

    /// 32 bytes, big-endian, which are wiped no more; every reader is a place to review.
    public var scalar: [UInt8] { parsed.scalar.withUnsafeBytes { Array($0) } }

    /// The public half; computed once.
    public var publicKey: PublicKey { parsed.publicKey }

    /// ECDSA-SHA256 over `message`, `r‖s`, 64 bytes (PROTOCOL 2.3).
    public func signature(for message: [UInt8]) throws(CryptoError) -> [UInt8] {
        do {
            return Array(try signingKey.signature(for: digest(message)).rawRepresentation)
        } catch {
            throw .signature
        }
    }

    /// The x coordinate of the ECDH point, 32 bytes (SEC 1, 3.3.1).
    public func sharedX(with peer: PublicKey) throws(CryptoError) -> [UInt8] {
        do {
            return try parsed.agreement.sharedSecretFromKeyAgreement(with: peer.agreement)
                .withUnsafeBytes { Array($0) }
        } catch {
            throw .point
        }
    }

    /// The same key for swift-certificates and TLS.
    public var signingKey: P256.Signing.PrivateKey { parsed.signing }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension PrivateKey: Hashable, Codable {
    /// Same scalar, compared in constant time.
    public static func == (left: PrivateKey, right: PrivateKey) -> Bool {
        left.parsed === right.parsed || left.parsed.scalar == right.parsed.scalar
    }

    /// Hashes the public half.
    public func hash(into hasher: inout Hasher) { hasher.combine(publicKey) }

    /// Reads 64 hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        try self.init(scalar: [UInt8](hex: decoder.singleValueContainer().decode(String.self)))
    }

    /// Writes 64 lower-case hexadecimal digits; only for stores that may hold secrets.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(scalar.hex)
    }
}

/// What swift-crypto makes of one scalar. Making either key costs a multiplication k·G (10 µs), and
/// most keys only sign or only agree, so each half is made when it is first wanted.
private final class ParsedPrivateKey: Sendable {
    let scalar: SymmetricKey
    private let halves = Mutex(Halves())

    private struct Halves {
        var signing: P256.Signing.PrivateKey?
        var agreement: P256.KeyAgreement.PrivateKey?
        var publicKey: PublicKey?
    }

    /// The order n of P-256 (FIPS 186-4, D.1.2.3).
    private static let order: [UInt8] =
        [255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]
        + [188, 230, 250, 173, 167, 23, 158, 132, 243, 185, 202, 194, 252, 99, 37, 81]

    /// None unless 0 < scalar < n, so that swift-crypto accepts it later.
    init?(_ scalar: [UInt8]) {
        guard scalar.contains(where: { $0 != 0 }), scalar.lexicographicallyPrecedes(Self.order)
        else { return nil }
        self.scalar = SymmetricKey(data: scalar)
    }

    var signing: P256.Signing.PrivateKey {
        halves.withLock { halves in
            if let key = halves.signing { return key }
            let key = Self.sure { try P256.Signing.PrivateKey(rawRepresentation: scalar) }
            halves.signing = key
            return key
        }
    }

    var agreement: P256.KeyAgreement.PrivateKey {
        halves.withLock { agreement(&$0) }
    }

    var publicKey: PublicKey {
        halves.withLock { halves in
            if let key = halves.publicKey { return key }
            let key = PublicKey(agreement(&halves).publicKey)
            halves.publicKey = key
            return key
        }
    }

    private func agreement(_ halves: inout Halves) -> P256.KeyAgreement.PrivateKey {
        if let key = halves.agreement { return key }
        let key = Self.sure { try P256.KeyAgreement.PrivateKey(rawRepresentation: scalar) }
        halves.agreement = key
        return key
    }

    /// swift-crypto throws for the scalars that `init` refuses, and for no others.
    private static func sure<Key>(_ make: () throws -> Key) -> Key {
        do {
            return try make()
        } catch { fatalError("a scalar in range is a private key") }
    }
}
