// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// AES-GCM (SP 800-38D) without associated data; returns cipher text ‖ 16-byte tag.
func gcmSeal(key: [UInt8], iv: [UInt8], _ plain: [UInt8]) throws(CryptoError) -> [UInt8] {
    do {
        let box = try AES.GCM.seal(
            plain, using: SymmetricKey(data: key), nonce: AES.GCM.Nonce(data: iv))
        return Array(box.ciphertext) + Array(box.tag)
    } catch {
        throw .length
    }
}

/// Reverses `gcmSeal`; a wrong tag, and less than a tag, are `mac`.
func gcmOpen(key: [UInt8], iv: [UInt8], _ sealed: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard sealed.count >= 16 else { throw .mac }
    do {
        let box = try AES.GCM.SealedBox(
            nonce: AES.GCM.Nonce(data: iv), ciphertext: sealed.dropLast(16), tag: sealed.suffix(16))
        return Array(try AES.GCM.open(box, using: SymmetricKey(data: key)))
    } catch {
        throw .mac
    }
}
