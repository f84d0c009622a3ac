// SPDX-License-Identifier: Apache-2.0

/// The JSON form of an ECIES_v1 container (PROTOCOL 13.2); all values are hexadecimal.
public struct ECIESEnvelope: Codable, Equatable, Sendable {
    /// `ECIES_v1`.
    public var version: String
    /// 65 bytes.
    public var ephemeralPublicKey: String
    /// SHA-256 of the recipient's 65-byte key.
    public var publicKeyHash: String
    /// Cipher text, then the 16-byte tag.
    public var data: String

    public init(version: String, ephemeralPublicKey: String, publicKeyHash: String, data: String) {
        self.version = version
        self.ephemeralPublicKey = ephemeralPublicKey
        self.publicKeyHash = publicKeyHash
        self.data = data
    }
}
