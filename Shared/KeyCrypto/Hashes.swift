// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// SHA-256 (FIPS 180-4), 32 bytes.
public func sha256(_ message: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(data: message))
}

/// SHA-1 (FIPS 180-4), 20 bytes; here only a name of keys, never a proof.
public func sha1(_ message: [UInt8]) -> [UInt8] {
    Array(Insecure.SHA1.hash(data: message))
}

/// HMAC-SHA256 (RFC 2104), 32 bytes.
public func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
}
