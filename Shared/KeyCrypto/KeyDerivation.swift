// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// HKDF-SHA256 without salt (RFC 5869), `count` bytes up to 8160 (PROTOCOL 1.4).
public func hkdf(_ ikm: [UInt8], info: [UInt8], count: Int) -> [UInt8] {
    HKDF<SHA256>.deriveKey(
        inputKeyMaterial: SymmetricKey(data: ikm), info: info, outputByteCount: count
    ).withUnsafeBytes { Array($0) }
}

/// X9.63-KDF-SHA256 (SEC 1, 3.6.1): SHA-256(Z ‖ counter ‖ sharedInfo) ‖ …, `count` bytes.
public func x963KDF(_ z: [UInt8], sharedInfo: [UInt8], count: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count + 32)
    var counter: UInt32 = 1
    while result.count < count {
        var hash = SHA256()
        hash.update(data: z)
        withUnsafeBytes(of: counter.bigEndian) { hash.update(bufferPointer: $0) }
        hash.update(data: sharedInfo)
        result.append(contentsOf: hash.finalize())
        counter += 1
    }
    result.removeLast(result.count - max(count, 0))
    return result
}
