// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// What the car holds while an owner may pair; the password is not in it (PROTOCOL 5.2, 5.6).
public struct PairingMode: Codable, Equatable, Sendable {
    /// Unique per password.
    public var id: String
    public var expiresAt: Instant
    /// 32 bytes.
    public var w0: SecretBytes
    /// 65 bytes.
    public var L: SecretBytes
    /// 16 bytes.
    public var salt: [UInt8]
    public var N: UInt32
    public var r: UInt16
    public var p: UInt16
    /// VERIFY commands sent, at most 7.
    public var attempts: Int

    /// A verifier that was not tried yet.
    public init(
        id: String, expiresAt: Instant, w0: [UInt8], L: [UInt8], salt: [UInt8], N: UInt32,
        r: UInt16, p: UInt16
    ) {
        self.id = id
        self.expiresAt = expiresAt
        self.w0 = SecretBytes(w0)
        self.L = SecretBytes(L)
        self.salt = salt
        self.N = N
        self.r = r
        self.p = p
        attempts = 0
    }
}
