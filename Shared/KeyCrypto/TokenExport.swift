// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// The way of an immobilizer token from the owner's secure element to the friend's (PROTOCOL 13.1).
///
/// ```text
/// encToken = ePK(65) ‖ AES-CBC(Keenc, zero IV, token 80 00…) ‖ CMAC(Kemac, ePK ‖ c)(16)
/// ```
/// Slot id and vehicle id enter the keys: a token fits one key of one car only.
public enum TokenExport {
    /// The most bytes of a token.
    public static let tokenLimit = 128

    /// Encrypts `token` (16 bytes give 113) for the friend's proven encryption key.
    public static func seal(
        _ token: [UInt8], to recipient: PublicKey, slotId: SlotID, vehicleId: VehicleID,
        random: RandomSource
    ) throws(CryptoError) -> [UInt8] {
        guard token.count <= tokenLimit else { throw .length }
        let ephemeral = PrivateKey.generate(random, for: Draw.exportKey)
        let keys = Keys(
            z: try ephemeral.sharedX(with: recipient), ephemeral: ephemeral.publicKey,
            recipient: recipient, slotId: slotId, vehicleId: vehicleId)
        let cipher = try keys.encryption.encryptPadded(iv: zeroIV, token)
        let body = ephemeral.publicKey.bytes + cipher
        return body + (try keys.mac.cmac(body))
    }

    /// Decrypts; throws `mac` (shape included), `point` or `padding`.
    public static func open(
        _ encToken: [UInt8], with own: PrivateKey, slotId: SlotID, vehicleId: VehicleID
    ) throws(CryptoError) -> [UInt8] {
        // 65 bytes of point, 16 to 144 of cipher text, 16 of MAC.
        guard encToken.count >= 97, encToken.count <= 65 + tokenLimit + 16 + 16,
            encToken.count % 16 == 1
        else { throw .mac }
        let body = Array(encToken.dropLast(16))
        let ephemeral = try PublicKey(Array(body.prefix(65)))
        let keys = Keys(
            z: try own.sharedX(with: ephemeral), ephemeral: ephemeral, recipient: own.publicKey,
            slotId: slotId, vehicleId: vehicleId)
        guard constantTimeEqual(try keys.mac.cmac(body), Array(encToken.suffix(16))) else {
            throw .mac
        }
        return try keys.encryption.decryptPadded(iv: zeroIV, Array(body.dropFirst(65)))
    }

    /// The keys are fresh per export, so the IV need not be.
    private static let zeroIV = [UInt8](repeating: 0, count: 16)

    private struct Keys {
        let encryption: AESKey
        let mac: AESKey

        init(
            z: [UInt8], ephemeral: PublicKey, recipient: PublicKey, slotId: SlotID,
            vehicleId: VehicleID
        ) {
            let seed = x963KDF(z, sharedInfo: ephemeral.bytes + recipient.bytes, count: 32)
            let keys = hkdf(
                seed, info: Label.export + slotId.bytes + vehicleId.bytes, count: 32)
            encryption = AESKey(keys.prefix(16))
            mac = AESKey(keys.suffix(16))
        }
    }
}
