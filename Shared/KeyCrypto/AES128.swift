// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import CryptoExtras

/// AES-128-CMAC (RFC 4493), 16 bytes; `length` unless the key has 16 bytes.
public func cmac(key: [UInt8], _ message: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard key.count == 16 else { throw .length }
    do {
        var state = try AES.CMAC(key: SymmetricKey(data: key))
        message.withUnsafeBytes { state.update(bufferPointer: $0) }
        return state.finalize().withUnsafeBytes { Array($0) }
    } catch {
        throw .length
    }
}

/// One AES-128 block (FIPS 197); key and block have 16 bytes.
func aesBlock(key: [UInt8], _ block: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard key.count == 16 else { throw .length }
    var block = block
    do {
        try AES.permute(&block, key: SymmetricKey(data: key))
    } catch {
        throw .length
    }
    return block
}

/// AES-128-CBC of `plain` with the padding `80 00…`, at least one byte (PROTOCOL 6.1, 13.1).
func encryptPadded(key: [UInt8], iv: [UInt8], _ plain: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard key.count == 16 else { throw .length }
    let padding = [0x80] + [UInt8](repeating: 0, count: 15 - plain.count % 16)
    do {
        return Array(
            try AES._CBC.encrypt(
                plain + padding, using: SymmetricKey(data: key), iv: .init(ivBytes: iv),
                noPadding: true))
    } catch {
        throw .length
    }
}

/// Reverses `encryptPadded`; call it only after the MAC was found right.
func decryptPadded(key: [UInt8], iv: [UInt8], _ cipher: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard key.count == 16, !cipher.isEmpty, cipher.count % 16 == 0 else { throw .length }
    var plain: [UInt8]
    do {
        plain = Array(
            try AES._CBC.decrypt(
                cipher, using: SymmetricKey(data: key), iv: .init(ivBytes: iv), noPadding: true))
    } catch {
        throw .length
    }
    guard let mark = plain.suffix(16).lastIndex(where: { $0 != 0 }),
        plain.suffix(from: mark).first == 0x80
    else { throw .padding }
    plain.removeLast(plain.count - mark)
    return plain
}
