// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// SHA-256 (FIPS 180-4), 32 bytes.
public func sha256(_ message: [UInt8]) -> [UInt8] {
    digest(message).withUnsafeBytes { Array($0) }
}

/// SHA-256 as swift-crypto's signatures take it.
func digest(_ message: [UInt8]) -> SHA256.Digest {
    var hash = SHA256()
    hash.take(message)
    return hash.finalize()
}

/// SHA-1 (FIPS 180-4), 20 bytes; here only a name of keys, never a proof.
public func sha1(_ message: [UInt8]) -> [UInt8] {
    Insecure.SHA1.hash(data: message).withUnsafeBytes { Array($0) }
}

/// HMAC-SHA256 (RFC 2104), 32 bytes.
public func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    HMACKey(key).code { $0.take(message) }.withUnsafeBytes { Array($0) }
}

/// A key of HMAC-SHA256 whose two padded blocks are hashed already: each code costs its message only.
struct HMACKey {
    private var inner: SHA256
    private let outer: SHA256

    init(_ key: [UInt8]) {
        let key = key.count > SHA256.blockByteCount ? sha256(key) : key
        var (inner, outer) = (SHA256(), SHA256())
        var block = [UInt8](repeating: 0x36, count: SHA256.blockByteCount)
        for index in key.indices { block[index] ^= key[index] }
        inner.take(block)
        for index in block.indices { block[index] ^= 0x36 ^ 0x5C }
        outer.take(block)
        (self.inner, self.outer) = (inner, outer)
    }

    /// The code of the message that `feed` hands over.
    func code(_ feed: (inout SHA256) -> Void) -> SHA256.Digest {
        var (inner, outer) = (inner, outer)
        feed(&inner)
        inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
        return outer.finalize()
    }

    /// The same key for messages that begin with these parts.
    func begun(with head: [[UInt8]]) -> HMACKey {
        var begun = self
        for part in head { begun.inner.take(part) }
        return begun
    }
}

extension SHA256 {
    /// `update(data:)` without its detour over generic regions.
    mutating func take(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update(bufferPointer: $0) }
    }
}
