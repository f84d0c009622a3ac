// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI

/// Texts and JSON: what servers and other phones hand over.
extension FuzzTarget {
    static let texts = [
        FuzzTarget("instant", instant),
        FuzzTarget("ecies-envelope", envelope),
        FuzzTarget("relay-payload", relayPayload),
        FuzzTarget("invitation-link", invitationLink),
        FuzzTarget("bundles", bundles),
        FuzzTarget("automaker-jws", signed),
        FuzzTarget("vehicle-document", vehicleDocument),
        FuzzTarget("http-bodies", body),
    ]

    @Sendable private static func instant(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        if let time = Instant(generalizedTime: text) {
            try require(time.generalizedTime == text, "a time is written otherwise")
        }
        if let time = Instant(rfc3339: text) {
            try require(
                Instant(rfc3339: time.description) == time, "a time is another when read again")
        }
        if let bytes = try? [UInt8](hex: text) {
            try require(bytes.hex == text.lowercased(), "bytes are written otherwise")
        }
    }

    @Sendable private static func envelope(_ bytes: [UInt8]) throws {
        guard let envelope = try? json(ECIESEnvelope.self, bytes) else { return }
        _ = try? ECIES.open(envelope, with: FuzzKeys.car)
    }

    /// A payload, or the clear text inside one.
    @Sendable private static func relayPayload(_ bytes: [UInt8]) throws {
        let secret = [UInt8](repeating: 7, count: 16)
        if let payload = try? json(RelayPayload.self, bytes) {
            _ = try? payload.open(secret: secret)
        }
        let content = RelayContent.cancel(String(decoding: bytes, as: UTF8.self))
        guard
            let sealed = try? RelayPayload.seal(
                content, secret: secret, random: FuzzRandom(seed: "relay").source)
        else { return }
        try require((try? sealed.open(secret: secret)) == content, "a reason comes out otherwise")
    }

    @Sendable private static func invitationLink(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let link = try? InvitationLink(parsing: text) else { return }
        try require(!link.mailbox.contains("#"), "the secret is in the address of the mailbox")
        try require(link.mailbox.lowercased().hasPrefix("https://"), "another kind of address")
        let again = InvitationLink.text(mailbox: link.mailbox, secret: link.secret.exposed)
        let second = try? InvitationLink(parsing: again)
        try require(second?.secret.exposed == link.secret.exposed, "another secret when read again")
        try require(second?.mailbox == link.mailbox, "another mailbox when read again")
    }

    @Sendable private static func bundles(_ bytes: [UInt8]) throws {
        if let bundle = try? json(DeviceOEMBundle.self, bytes) {
            _ = try? ChainVerifier.deviceRoot(pem: bundle.root, at: nil)
        }
        guard let bundle = try? json(AutomakerBundle.self, bytes),
            let other = try? KeyCertificate(pem: bundle.root)
        else { return }
        _ = try? AutomakerCertificates(
            root: bundle.root, intermediates: bundle.intermediates, externalCA: bundle.externalCA,
            encryption: bundle.encryption, signature: bundle.signature, deviceRoot: other, at: nil)
    }

    /// A compact JWS: nobody signs for the automaker without a certificate under its root.
    @Sendable private static func signed(_ bytes: [UInt8]) throws {
        let jws = String(decoding: bytes, as: UTF8.self)
        let automaker = FuzzParties.shared.automaker
        let known = automaker.signature.certificate.publicKey
        let signer = try? AutomakerJWS.signer(
            of: jws, type: VehicleDocument.signedType, under: automaker.root.certificate,
            at: FuzzWorld.noon)
        try require(
            signer == nil || signer?.publicKey == known, "a signer the automaker does not know")
        guard let content = try? AutomakerJWS.content(of: jws, signedBy: known) else { return }
        try require(
            jws.contains(Base64URL.text(content)), "a content that was not there to be signed")
    }

    /// A document, carried out as far as the car's record goes.
    @Sendable private static func vehicleDocument(_ bytes: [UInt8]) throws {
        guard let document = try? json(VehicleDocument.self, bytes) else { return }
        var record = FuzzWorld.shared.car
        let before = record.keys.map(\.keyId)
        record.retire(document.retiredSlots)
        for key in document.keys {
            if let text = key.attestation, let der = try? [UInt8](hex: text),
                let attestation = try? Attestation(parsing: der)
            {
                _ = try? record.installSharedKey(attestation)
            }
            switch key.state {
            case .active: record.resume(key.keyId)
            case .suspended: record.suspend(key.keyId)
            case .terminated: record.terminate(key.keyId)
            }
        }
        for slot in document.retiredSlots where (1...8).contains(slot.position) {
            try require(record.slots.state(of: slot) == .retired, "a retired slot is not retired")
            try require(record.key(at: slot) == nil, "a key of a retired slot stays")
        }
        // Only the owner's signature makes keys, and the owner signed for the friend alone.
        let known = before + [FuzzWorld.shared.friendKey]
        try require(record.keys.allSatisfy { known.contains($0.keyId) }, "a key nobody signed")
    }

    /// Bodies of requests and answers, and what is sealed or signed inside them.
    static let bodies: [any (Codable & Sendable).Type] = [
        PartnerAPI.TrackKeyRequest.self, PartnerAPI.TrackKeyResponse.self,
        PartnerAPI.KeyData.self, PartnerAPI.UIBundle.self, PartnerAPI.ManageKeyRequest.self,
        PartnerAPI.EventNotificationRequest.self, PartnerAPI.Acknowledgement.self,
        RegistryAPI.AddVehicleRequest.self, RegistryAPI.Vehicle.self, RegistryAPI.Key.self,
        RegistryAPI.AddPartnerRequest.self, RegistryAPI.Pairing.self,
        CarAPI.Provisioning.self, CarAPI.Vehicle.self, CarAPI.LogEntry.self,
        PairingVerifier.self, VehicleReport.self, PartnerAPI.PassResponse.self, KeyPass.self,
    ]

    /// `which(1) ‖ JSON`.
    @Sendable private static func body(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let type = bodies[Int(input.byte()) % bodies.count]
        try readTwice(type, input.rest())
    }

    private static func readTwice<Value: Codable>(_ type: Value.Type, _ bytes: [UInt8]) throws {
        guard let value = try? json(type, bytes) else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let first = try encoder.encode(value)
        let second = try encoder.encode(JSONDecoder().decode(type, from: first))
        try require(first == second, "\(type) is another value when read again")
    }

    private static func json<Value: Decodable>(
        _ type: Value.Type, _ bytes: [UInt8]
    ) throws -> Value { try JSONDecoder().decode(type, from: Data(bytes)) }
}
