// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// URSK of a standard transaction over the stream, 32 bytes, good for 24 h or one ranging session
/// set, whichever ends first (PROTOCOL 17); it prints as `<redacted>`.
public struct RangingSecret: Codable, Hashable, Sendable {
    /// The bytes, for key derivation only.
    public let secret: SecretBytes
    /// When the transaction made it.
    public let since: Instant

    /// A secret just made.
    public init(_ secret: SecretBytes, since: Instant) {
        self.secret = secret
        self.since = since
    }

    /// Whether it may be used; a clock that went back ends it too.
    public func isAlive(at time: Instant) -> Bool {
        since <= time && time < since.adding(seconds: Limits.rangingSecret)
    }
}

extension VehicleRecord {
    /// Forgets ranging secrets whose day is over.
    mutating func dropRangingSecrets(at time: Instant) {
        for index in keys.indices.filter({ keys[$0].ranging?.isAlive(at: time) == false }) {
            keys[index].ranging = nil
        }
    }
}
