// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import KeyProtocol

// The ranging secrets (PROTOCOL 8.4, 17): 24 h or one session set, and never after the key has stopped.

extension SecureElement {
    /// Whether `key` could be ranged with at `now`.
    public func hasRangingSecret(_ key: KeyID, at now: Instant) -> Bool {
        rangingSecret(of: key)?.isAlive(at: now) ?? false
    }

    /// Keeps the secret of a standard transaction; it replaces the one before.
    mutating func keepRangingSecret(_ secret: RangingSecret, of key: KeyID) {
        forgetRangingSecret(of: key)
        let others = state.rangingKeys ?? []
        state.rangingKeys =
            others.suffix(Self.persistentKeyLimit - 1) + [RangingKey(keyId: key, secret: secret)]
    }

    mutating func forgetRangingSecret(of key: KeyID) {
        guard rangingSecret(of: key) != nil else { return }
        state.rangingKeys?.removeAll { $0.keyId == key }
    }

    /// Forgets secrets whose day is over.
    mutating func dropRangingSecrets(at now: Instant) {
        for entry in state.rangingKeys ?? [] where !entry.secret.isAlive(at: now) {
            forgetRangingSecret(of: entry.keyId)
        }
    }

    func rangingSecret(of key: KeyID) -> RangingSecret? {
        state.rangingKeys?.first { $0.keyId == key }?.secret
    }
}
