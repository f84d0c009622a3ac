// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import CryptoExtras

/// An AES-128 key (FIPS 197); swift-crypto wipes its memory when the last copy goes. One that was not
/// made of 16 bytes refuses every operation with `length`.
struct AESKey: Sendable, Equatable {
    private let key: SymmetricKey

    init(_ bytes: ArraySlice<UInt8>) { key = SymmetricKey(data: bytes) }

    /// The 16 bytes; only traces of the bench ask for them.
    var exposed: [UInt8] { key.withUnsafeBytes { Array($0) } }

    /// AES-128-CMAC (RFC 4493) of a message that comes in one part or two, 16 bytes.
    func cmac(_ head: [UInt8], _ tail: [UInt8] = []) throws(CryptoError) -> [UInt8] {
        try whenUsable {
            var state = try AES.CMAC(key: key)
            head.withUnsafeBytes { state.update(bufferPointer: $0) }
            tail.withUnsafeBytes { state.update(bufferPointer: $0) }
            return state.finalize().withUnsafeBytes { Array($0) }
        }
    }

    /// One block of 16 bytes.
    func encrypt(block: [UInt8]) throws(CryptoError) -> [UInt8] {
        try whenUsable {
            var block = block
            try AES.permute(&block, key: key)
            return block
        }
    }

    /// AES-128-CBC of `plain` with the padding `80 00…`, at least one byte (PROTOCOL 6.1, 13.1).
    func encryptPadded(iv: [UInt8], _ plain: [UInt8]) throws(CryptoError) -> [UInt8] {
        var padded = plain
        padded.reserveCapacity(plain.count + 16)
        padded.append(0x80)
        padded += repeatElement(0, count: 15 - plain.count % 16)
        return try whenUsable {
            Array(
                try AES._CBC.encrypt(
                    padded, using: key, iv: .init(ivBytes: iv), noPadding: true))
        }
    }

    /// Reverses `encryptPadded`; call it only after the MAC was found right.
    func decryptPadded(iv: [UInt8], _ cipher: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard !cipher.isEmpty, cipher.count % 16 == 0 else { throw .length }
        var plain = try whenUsable {
            Array(
                try AES._CBC.decrypt(
                    cipher, using: key, iv: .init(ivBytes: iv), noPadding: true))
        }
        guard let mark = plain.suffix(16).lastIndex(where: { $0 != 0 }),
            plain.suffix(from: mark).first == 0x80
        else { throw .padding }
        plain.removeLast(plain.count - mark)
        return plain
    }

    private func whenUsable(_ body: () throws -> [UInt8]) throws(CryptoError) -> [UInt8] {
        guard key.bitCount == 128 else { throw .length }
        do {
            return try body()
        } catch { throw .length }
    }
}

/// AES-128-CMAC (RFC 4493), 16 bytes; `length` unless the key has 16 bytes.
public func cmac(key: [UInt8], _ message: [UInt8]) throws(CryptoError) -> [UInt8] {
    try AESKey(key[...]).cmac(message)
}
