// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import KeyProtocol
internal import PKI

extension SecureElement {
    /// Makes the key of an instance CA; the phone maker certifies it as [E] (PROTOCOL 11.1).
    ///
    /// Asked again for the same automaker, it returns the key that is there.
    public mutating func createInstanceCA(
        for automaker: String, _ random: RandomSource
    ) -> PublicKey {
        if let present = instanceKey(for: automaker) { return present.publicKey }
        let key = PrivateKey.generate(random, for: "instanceCA.SK")
        state.instanceCAs.append(
            InstanceCA(automaker: automaker, privateKey: key))
        return key.publicKey
    }

    /// Removes the instance CA of an automaker; all its endpoints must be gone first (15).
    public mutating func deleteInstanceCA(for automaker: String) {
        state.instanceCAs.removeAll { $0.automaker == automaker }
    }

    func instanceKey(for automaker: String) -> PrivateKey? {
        state.instanceCAs.first { $0.automaker == automaker }?.privateKey
    }

    /// Whether one more endpoint fits.
    var hasRoom: Bool { state.endpoints.count < Self.endpointLimit }

    /// Draws a key, certifies it by the instance CA and keeps it as `creating`.
    mutating func createEndpoint(
        _ description: EndpointDescription, mapping: MailboxMapping, origin: KeyOrigin,
        automaker: Automaker, _ certificates: EndpointCertificateMaker, _ random: RandomSource
    ) throws(PhoneError) -> (KeyID, certificate: [UInt8]) {
        guard hasRoom else { throw .full }
        guard let issuer = instanceKey(for: automaker.name) else { throw .automakerUnknown }
        let key = PrivateKey.generate(random, for: "endpoint.SK")
        let certificate = try certificates.make(
            EndpointOrder(
                description: description, key: key.publicKey, instanceCA: automaker.instanceCA,
                issuer: issuer, random: random))
        let keyId = key.publicKey.keyId
        state.endpoints.append(
            Endpoint(
                keyId: keyId, origin: origin, phase: .creating, description: description,
                mapping: mapping, privateKey: key,
                mailboxes: Mailboxes(
                    privateSize: description.privateSize,
                    confidentialSize: description.confidentialSize)))
        return (keyId, certificate)
    }

    /// OP CONTROL FLOW 02: the key becomes active, keeps LTSS and replaces older keys of its vehicle.
    ///
    /// - Returns: the keys that ended with their signed terminations.
    mutating func completePairing(
        _ key: KeyID, longTermSharedSecret: SecretBytes, at now: Instant
    ) throws(PhoneError) -> [(KeyID, [UInt8])] {
        var endpoint = try endpoint(key)
        guard endpoint.phase == .creating else { throw .wrongPhase(endpoint.phase) }
        var ended: [(KeyID, [UInt8])] = []
        for older in state.endpoints
        where older.description.vehicleId == endpoint.description.vehicleId {
            switch older.phase {
            case .active, .suspended:
                ended.append((older.keyId, try terminate(older.keyId, reason: .user, at: now)))
            // A shared key of one's own car that was never imported.
            case .creating where older.keyId != key: remove(older.keyId)
            default: break
            }
        }
        endpoint.phase = .active
        endpoint.longTermSharedSecret = longTermSharedSecret
        update(endpoint)
        return ended
    }
}
