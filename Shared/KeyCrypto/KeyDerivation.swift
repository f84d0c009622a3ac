// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// HKDF-SHA256 without salt (RFC 5869), `count` bytes up to 8160 (PROTOCOL 1.4).
public func hkdf(_ ikm: [UInt8], info: [UInt8], count: Int) -> [UInt8] {
    ExtractedSecret(ikm).expand([info], count: count)
}

/// The first half of HKDF-SHA256 without salt, from which several outputs are expanded (RFC 5869).
///
/// swift-crypto pads and hashes its keys anew for every block. A car tries the secrets of all its keys
/// within one tap, so here each is hashed once.
struct ExtractedSecret {
    private static let saltless = HMACKey([])
    private let key: HMACKey

    init(_ ikm: [UInt8]) {
        let extracted = Self.saltless.code { $0.take(ikm) }
        key = HMACKey(extracted.withUnsafeBytes { Array($0) })
    }

    /// `count` bytes for an info that comes in parts; 8160 at most.
    func expand(_ info: [[UInt8]], count: Int) -> [UInt8] {
        var (result, number): ([UInt8], UInt8) = ([], 1)
        result.reserveCapacity(count + 32)
        while result.count < count {
            let block = key.code { hash in
                result.withUnsafeBytes {
                    hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0.suffix(32)))
                }
                for part in info { hash.take(part) }
                withUnsafeBytes(of: number) { hash.update(bufferPointer: $0) }
            }
            block.withUnsafeBytes { result += $0 }
            number &+= 1
        }
        result.removeLast(result.count - max(count, 0))
        return result
    }
}

/// X9.63-KDF-SHA256 (SEC 1, 3.6.1): SHA-256(Z ‖ counter ‖ sharedInfo) ‖ …, `count` bytes.
public func x963KDF(_ z: [UInt8], sharedInfo: [UInt8], count: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count + 32)
    var counter: UInt32 = 1
    while result.count < count {
        var hash = SHA256()
        hash.take(z)
        withUnsafeBytes(of: counter.bigEndian) { hash.update(bufferPointer: $0) }
        hash.take(sharedInfo)
        hash.finalize().withUnsafeBytes { result += $0 }
        counter += 1
    }
    result.removeLast(result.count - max(count, 0))
    return result
}
