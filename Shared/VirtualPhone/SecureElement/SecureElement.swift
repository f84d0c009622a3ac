// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import KeyProtocol

/// The secure element: endpoints with their keys, mailboxes and consents.
///
/// Its interface offers operations; a private key, a token or a shared secret is never returned.
/// Only `state`, which the shell saves, holds them, and that value has no readable members.
public struct SecureElement: Sendable {
    /// Everything that survives, secrets included; opaque to everybody but the secure element.
    public struct State: Codable, Hashable, Sendable, CustomStringConvertible, CustomReflectable {
        var instanceCAs: [InstanceCA] = []
        var endpoints: [Endpoint] = []
        var persistentKeys: [PersistentKey] = []
        /// None in states saved before there was ranging.
        var rangingKeys: [RangingKey]?

        /// An element fresh from the factory.
        public init() {}

        /// Counts only.
        public var description: String { "\(endpoints.count) endpoints" }
        /// Nothing to reflect.
        public var customMirror: Mirror { Mirror(self, children: []) }
    }

    /// What must be saved before an answer is sent.
    public internal(set) var state: State

    /// Endpoints of any phase the element holds at most.
    static let endpointLimit = 64
    /// Kpersistent values the element keeps at most; 8.8 asks for 16 or more.
    static let persistentKeyLimit = 32

    /// Takes up a saved state; keys of a pairing that was cut off are deleted (7.4).
    public init(state: State = State()) {
        self.state = state
        for endpoint in state.endpoints {
            // Made now, or the first AUTH0 for a known vehicle would take longer (3.4).
            _ = endpoint.privateKey.publicKey
            if endpoint.phase == .creating && endpoint.origin == .pairing {
                remove(endpoint.keyId)
            }
        }
    }

    /// The names of all keys, oldest first.
    public var keyIds: [KeyID] { state.endpoints.map(\.keyId) }

    /// Where `key` is in its life; none when it is not here.
    public func phase(of key: KeyID) -> KeyPhase? {
        state.endpoints.first { $0.keyId == key }?.phase
    }

    /// What `key` is bound to.
    public func description(of key: KeyID) throws(PhoneError) -> EndpointDescription {
        try endpoint(key).description
    }

    /// The 65-byte public key of `key`.
    public func publicKey(of key: KeyID) throws(PhoneError) -> PublicKey {
        try endpoint(key).privateKey.publicKey
    }

    /// The private mailbox of `key`, which the operating system may read (10.1).
    public func privateMailbox(of key: KeyID) throws(PhoneError) -> [UInt8] {
        try endpoint(key).mailboxes.bytes(of: .privateMailbox)
    }

    /// The key for `vehicle` that is active or suspended, or being made.
    public func key(for vehicle: VehicleID) -> KeyID? {
        state.endpoints.first { $0.description.vehicleId == vehicle && $0.phase != .terminated }?
            .keyId
    }

    // MARK: - Inside the element

    func endpoint(_ key: KeyID) throws(PhoneError) -> Endpoint {
        guard let found = state.endpoints.first(where: { $0.keyId == key }) else {
            throw .unknownKey
        }
        return found
    }

    /// Replaces the endpoint in one assignment.
    mutating func update(_ endpoint: Endpoint) {
        guard let index = state.endpoints.firstIndex(where: { $0.keyId == endpoint.keyId }) else {
            return
        }
        state.endpoints[index] = endpoint
    }

    mutating func remove(_ key: KeyID) {
        state.endpoints.removeAll { $0.keyId == key }
        forgetPersistentKey(of: key)
        forgetRangingSecret(of: key)
    }

    mutating func forgetPersistentKey(of key: KeyID) {
        state.persistentKeys.removeAll { $0.keyId == key }
    }

    /// Keeps Kpersistent as the most recent one; the oldest goes when there are too many (8.8).
    mutating func keepPersistentKey(_ secret: PersistentSecret, of key: KeyID) {
        forgetPersistentKey(of: key)
        state.persistentKeys.append(PersistentKey(keyId: key, secret: secret))
        let surplus = state.persistentKeys.count - Self.persistentKeyLimit
        state.persistentKeys.removeFirst(max(0, surplus))
    }

    func persistentKey(of key: KeyID) -> PersistentSecret? {
        state.persistentKeys.first { $0.keyId == key }?.secret
    }
}
