// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol

@testable import VirtualPhone

/// An endpoint as vectors describe it: made without pairing.
struct KeyFixture {
    var vehicleId: VehicleID
    var vehicleKey: PublicKey
    var deviceKey: PrivateKey
    var slotId: SlotID
    var version = ProtocolVersion.v0200
    var options = KeyOptions.ownerDefault
    var origin = KeyOrigin.pairing
    var phase = KeyPhase.active
    var privateBytes = [UInt8](repeating: 0, count: 0x400)
    var confidentialBytes = [UInt8](repeating: 0, count: 0x80)
    var mapping = MailboxMapping.standard
    var authorizedKeys: [PublicKey] = []
    var longTermSharedSecret: [UInt8]?
    var kpersistent: [UInt8]?

    var keyId: KeyID { deviceKey.publicKey.keyId }

    func install(in state: inout SecureElement.State) {
        let description = EndpointDescription(
            vehicleId: vehicleId, vehicleKey: vehicleKey, version: version, options: options,
            slotId: slotId, notBefore: Instant(secondsSinceEpoch: 0), notAfter: .noEnd,
            confidentialSize: confidentialBytes.count, privateSize: privateBytes.count,
            authorizedKeys: authorizedKeys, accountInfoHash: nil)
        var endpoint = Endpoint(
            keyId: keyId, origin: origin, phase: phase, description: description,
            mapping: mapping, privateKey: deviceKey,
            mailboxes: Mailboxes(
                privateBytes: privateBytes, confidentialBytes: confidentialBytes))
        endpoint.longTermSharedSecret = longTermSharedSecret.map(SecretBytes.init)
        state.endpoints.append(endpoint)
        if let kpersistent {
            state.persistentKeys.append(
                PersistentKey(keyId: keyId, secret: PersistentSecret(kpersistent)))
        }
    }

    /// A phone that holds this key and nothing else.
    func phone(versions: [ProtocolVersion], random: ScriptedRandom) -> PhoneCard {
        var snapshot = PhoneCard.Snapshot(phone: PhoneState(versions: versions))
        install(in: &snapshot.secureElement)
        return PhoneCard(snapshot: snapshot, random: random.source)
    }
}

extension SecureElement {
    func confidentialMailbox(of key: KeyID) throws -> [UInt8] {
        try endpoint(key).mailboxes.bytes(of: .confidential)
    }
}

/// The moment vectors without a time of their own are replayed at.
let someMoment = Instant(secondsSinceEpoch: 1_780_315_200)
