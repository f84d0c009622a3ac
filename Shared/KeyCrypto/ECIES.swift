// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// ECIES_v1: sensitive payloads between servers, phones and cars (PROTOCOL 13.2).
///
/// ```text
/// Z   = ECDH(ephemeral, recipient).x
/// okm = SHA-256(Z ‖ 00000001 ‖ ephemeralPublicKey ‖ recipientPublicKey)
/// AES-128-GCM with key okm[0..15] and IV okm[16..31]
/// ```
/// The fresh ephemeral key makes key and IV unique, so no IV travels.
public enum ECIES {
    /// The most plain bytes of one container, 1 MiB.
    public static let plainLimit = 1 << 20
    /// The one version there is.
    public static let version = "ECIES_v1"

    /// Encrypts for the holder of `recipient` under a fresh ephemeral key.
    public static func seal(
        _ plain: [UInt8], to recipient: PublicKey, _ random: RandomSource
    ) throws(CryptoError) -> ECIESEnvelope {
        guard plain.count <= plainLimit else { throw .length }
        let ephemeral = PrivateKey.generate(random, for: Draw.eciesKey)
        let okm = key(
            z: try ephemeral.sharedX(with: recipient), ephemeral: ephemeral.publicKey,
            recipient: recipient)
        let data = try gcmSeal(key: Array(okm.prefix(16)), iv: Array(okm.suffix(16)), plain)
        return ECIESEnvelope(
            version: version, ephemeralPublicKey: ephemeral.publicKey.bytes.hex,
            publicKeyHash: sha256(recipient.bytes).hex, data: data.hex)
    }

    /// Decrypts; throws `version`, `malformed`, `recipient`, `point` or `mac`.
    public static func open(
        _ envelope: ECIESEnvelope, with own: PrivateKey
    ) throws(CryptoError) -> [UInt8] {
        guard envelope.version == version else { throw .version }
        guard envelope.data.utf8.count <= 2 * (plainLimit + 16) else { throw .length }
        let hash = try bytes(envelope.publicKeyHash)
        let ephemeralBytes = try bytes(envelope.ephemeralPublicKey)
        let data = try bytes(envelope.data)
        guard hash == sha256(own.publicKey.bytes) else { throw .recipient }
        let ephemeral = try PublicKey(ephemeralBytes)
        let okm = key(
            z: try own.sharedX(with: ephemeral), ephemeral: ephemeral, recipient: own.publicKey)
        return try gcmOpen(key: Array(okm.prefix(16)), iv: Array(okm.suffix(16)), data)
    }

    private static func key(z: [UInt8], ephemeral: PublicKey, recipient: PublicKey) -> [UInt8] {
        x963KDF(z, sharedInfo: ephemeral.bytes + recipient.bytes, count: 32)
    }

    private static func bytes(_ text: String) throws(CryptoError) -> [UInt8] {
        do {
            return try [UInt8](hex: text)
        } catch {
            throw .malformed
        }
    }
}
