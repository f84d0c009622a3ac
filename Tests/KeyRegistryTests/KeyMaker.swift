// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import PKI
import ServiceKit
import TestKit

@testable import KeyRegistry

/// A phone's key and the trackKey call for it; tests spoil one part each.
struct KeyMaker {
    let bench: RegistryBench
    var key: PrivateKey
    var slot: SlotID
    var type: KeyType
    var owner: PrivateKey?
    /// Whose certificates the phone has.
    var party: TestPKI
    var vehiclePK: PublicKey
    var vehicleId: VehicleID
    var certified: PublicKey
    var statementSigner: PrivateKey?
    var attestationSigner: PrivateKey?
    var attested: PublicKey
    var attestedSlot: SlotID
    var recipient: PublicKey
    /// What the owner attests that a shared key may do.
    var rights = KeyConfig(profile: .full, notBefore: TestPKI.start)

    init(_ bench: RegistryBench, _ type: KeyType, _ seed: String, owner: PrivateKey? = nil) throws {
        self.bench = bench
        self.type = type
        self.owner = owner
        key = .generate(TestPKI.random(seed: seed), for: "key")
        slot = try SlotID(hex: type == .owner ? "0001" : "0003")
        party = bench.pki
        vehiclePK = bench.vehicleKey.publicKey
        vehicleId = try bench.vehicle
        certified = key.publicKey
        statementSigner = type == .owner ? bench.vehicleKey : nil
        attestationSigner = owner
        attested = key.publicKey
        attestedSlot = slot
        recipient = bench.pki.automaker.encryption.certificate.publicKey
    }

    var keyId: KeyID { key.publicKey.keyId }

    func request() throws -> PartnerAPI.TrackKeyRequest {
        let random = RandomSource.system
        let encryption = try CertificateIssuer(party.instanceCA).deviceEncryption(
            for: bench.phoneEncryption.publicKey, notBefore: TestPKI.start,
            random: TestPKI.random(seed: "encryption"))
        let chain = [
            party.deviceOEM.root.certificate, party.instanceCA.certificate, encryption,
        ]
        return PartnerAPI.TrackKeyRequest(
            keyID: keyId, keyType: type, deviceType: "phone", accountIDHash: "00",
            encryptionVersion: "ECIES_v1",
            encryptionCertChain: chain.map { Data($0.der).base64EncodedString() },
            keyData: try ECIES.seal(JSONBody.encode(data()), to: recipient, random))
    }

    private func data() throws -> PartnerAPI.KeyData {
        let certificate = try party.endpoint(
            for: certified,
            extension: EndpointExtension(
                vehicleId: vehicleId, optionGroup1: 0x8F, optionGroup2: 0x03,
                protocolVersion: [2, 0], vehiclePK: vehiclePK, initialKeySlot: slot.bytes,
                authorizedPKs: [bench.pki.automaker.root.certificate.publicKey],
                confidentialMailboxSize: 128, privateMailboxSize: 1024))
        return PartnerAPI.KeyData(
            vehicleId: try bench.vehicle,
            instanceCA: Data(party.instanceCA.certificate.der).base64EncodedString(),
            keyCertificate: Data(certificate.der).base64EncodedString(),
            vehicleStatement: try statement(), attestation: try attestation())
    }

    private func statement() throws -> String? {
        try statementSigner.map {
            Data(
                try VehicleStatement.signed(
                    VehicleStatementBody(
                        vehicleId: bench.vehicle, keyId: keyId, slotId: slot, time: TestPKI.now),
                    by: $0
                ).encoded
            ).base64EncodedString()
        }
    }

    private func attestation() throws -> String? {
        guard let owner, let attestationSigner else { return nil }
        return Data(
            try Attestation.signed(
                AttestationBody(
                    vehicleId: bench.vehicle, ownerKeyId: owner.publicKey.keyId,
                    friendPK: attested, slotId: attestedSlot, protocolVersion: [2, 0],
                    keyConfig: rights,
                    issuedAt: TestPKI.now, nonce: [UInt8](repeating: 7, count: 16)),
                by: attestationSigner
            ).encoded
        ).base64EncodedString()
    }

    /// Registers the key over mutual TLS.
    func track() async throws -> OutboundClient.Answer {
        try await bench.call(PartnerAPI.Path.trackKey, JSONBody.encode(request()))
    }

    /// What the phone's applet signs when the key is gone.
    func termination(by signer: PrivateKey? = nil) throws -> String {
        Data(
            try Termination.signed(
                TerminationBody(
                    vehicleId: bench.vehicle, keyId: keyId, slotId: slot, time: TestPKI.now,
                    reason: .user), by: signer ?? key
            ).encoded
        ).base64EncodedString()
    }

    /// The manageKey call with which `requester` wants this key ended.
    func wish(by signer: PrivateKey, as requester: KeyID, _ action: ServerAction = .terminate)
        throws -> [UInt8]
    {
        let request = try ServerRequest.signed(
            ServerRequestBody(
                action: action, vehicleId: bench.vehicle, targetKeyId: keyId,
                requesterKeyId: requester, time: TestPKI.now,
                requestId: [UInt8](repeating: 9, count: 16)), by: signer)
        return try JSONBody.encode(
            PartnerAPI.ManageKeyRequest(
                keyID: keyId, action: .terminate,
                deviceRemoteTerminationRequest: ECIES.seal(
                    request.encoded, to: bench.pki.automaker.encryption.certificate.publicKey,
                    .system)))
    }

    /// The manageKey call that proves the end of this key.
    func proof(by signer: PrivateKey? = nil) throws -> [UInt8] {
        try JSONBody.encode(
            PartnerAPI.ManageKeyRequest(
                keyID: keyId, action: .terminate, terminationAttestation: termination(by: signer)))
    }
}
