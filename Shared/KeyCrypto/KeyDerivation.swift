// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// HKDF-SHA256 without salt (RFC 5869), `count` bytes up to 8160 (PROTOCOL 1.4).
public func hkdf(_ ikm: [UInt8], info: [UInt8], count: Int) -> [UInt8] {
    ExtractedSecret(ikm).expand(info, count: count)
}

/// The first half of HKDF-SHA256 without salt, from which several outputs are expanded (RFC 5869).
///
/// swift-crypto pads and hashes its keys anew for every block. A car tries the secrets of all its keys
/// within one tap, so here each is hashed once.
struct ExtractedSecret {
    private static let saltless = HMACKey([])
    private let key: HMACKey

    init(_ ikm: [UInt8]) {
        self.init { $0.take(ikm) }
    }

    init(_ ikm: SecretBytes) {
        self.init { hash in ikm.key.withUnsafeBytes { hash.update(bufferPointer: $0) } }
    }

    private init(_ ikm: (inout SHA256) -> Void) {
        key = Self.saltless.code(ikm).withUnsafeBytes { HMACKey(Array($0)) }
    }

    /// `count` bytes for this info; 8160 at most.
    func expand(_ info: [UInt8], count: Int) -> [UInt8] {
        var (result, number): ([UInt8], UInt8) = ([], 1)
        result.reserveCapacity(count + 32)
        while result.count < count {
            let block = key.code { hash in
                result.withUnsafeBytes {
                    hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0.suffix(32)))
                }
                hash.take(info)
                withUnsafeBytes(of: number) { hash.update(bufferPointer: $0) }
            }
            block.withUnsafeBytes { result += $0 }
            number &+= 1
        }
        result.removeLast(result.count - max(count, 0))
        return result
    }

    /// What is left of infos that begin with these parts.
    func begun(with head: [UInt8]...) -> BegunExpansion {
        BegunExpansion(key: key.begun(with: head))
    }
}

/// The first 16 bytes of HKDF-SHA256 for infos whose beginning is hashed already.
struct BegunExpansion {
    fileprivate let key: HMACKey

    /// The first 16 bytes for the info that ends with `tail`, given as `tail ‖ 01`.
    func expand(numbered tail: [UInt8]) -> [UInt8] {
        key.code { $0.take(tail) }.withUnsafeBytes { Array($0.prefix(16)) }
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
