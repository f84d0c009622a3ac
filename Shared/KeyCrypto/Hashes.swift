// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// SHA-256 (FIPS 180-4), 32 bytes.
public func sha256(_ message: [UInt8]) -> [UInt8] {
    SHA256.hash(data: message).withUnsafeBytes { Array($0) }
}

/// SHA-1 (FIPS 180-4), 20 bytes; here only a name of keys, never a proof.
public func sha1(_ message: [UInt8]) -> [UInt8] {
    Insecure.SHA1.hash(data: message).withUnsafeBytes { Array($0) }
}

/// HMAC-SHA256 (RFC 2104), 32 bytes.
public func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    HMACKey(key).code(of: message)
}

/// A key of HMAC-SHA256 whose two padded blocks are hashed already: each code costs its message only.
struct HMACKey {
    private let inner: SHA256
    private let outer: SHA256

    init(_ key: [UInt8]) {
        let block = key.count > SHA256.blockByteCount ? sha256(key) : key
        func hash(padding: UInt8) -> SHA256 {
            var padded = [UInt8](repeating: padding, count: SHA256.blockByteCount)
            for (index, byte) in block.enumerated() { padded[index] ^= byte }
            var hash = SHA256()
            hash.update(data: padded)
            return hash
        }
        inner = hash(padding: 0x36)
        outer = hash(padding: 0x5C)
    }

    /// The code of one message, 32 bytes.
    func code(of message: [UInt8]) -> [UInt8] { code(of: [message]) }

    /// The code of a message that comes in parts, 32 bytes.
    func code(of parts: [[UInt8]]) -> [UInt8] {
        var (inner, outer) = (inner, outer)
        for part in parts { inner.update(data: part) }
        inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
        return outer.finalize().withUnsafeBytes { Array($0) }
    }
}
