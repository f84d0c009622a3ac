// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import Messaging
import PKI
import Postgres
import ServiceKit

extension Registrar {
    /// Registers a key (SERVER 1.4): verifies every chain, decrypts, checks, signs the receipt,
    /// stores. A key that is known gets the answer it got the first time.
    func track(_ request: PartnerAPI.TrackKeyRequest, from partner: Partner) async throws
        -> PartnerAPI.TrackKeyResponse
    {
        let device = try deviceKey(request, partner)
        let earlier = try await database.transaction {
            try await KeyStore($0).answer(request.keyID, for: partner.deviceOemId)
        }
        if let earlier { return earlier }
        let data = try keyData(request)
        let endpoint = try endpoint(data, request.keyID, partner)
        return try await database.transaction { transaction in
            let keys = KeyStore(transaction)
            var vehicle = try await VehicleStore(transaction).find(data.vehicleId)
            // Somebody else may have registered it while we were checking.
            if let known = try await keys.answer(request.keyID, for: partner.deviceOemId) {
                return known
            }
            guard endpoint.endpoint.vehicleId == vehicle.vehicleId,
                endpoint.endpoint.vehiclePK.bytes == vehicle.publicKey
            else { throw RegistryError.chainInvalid("the key was made for another vehicle") }
            let key = try await tracked(request, data, endpoint, partner, vehicle, keys)
            let answer = try await answer(for: key, of: vehicle, to: device, in: transaction)
            try await keys.insert(key, answer: answer)
            let outbox = Outbox(transaction)
            try await outbox.add(KeyTracked(tracked: key.state))
            try await outbox.add(key.state)
            if key.state.keyType == .owner {
                try await becomeOwner(key, of: &vehicle, in: transaction)
            }
            return answer
        }
    }

    /// The key of the device encryption certificate, after its chain was verified.
    private func deviceKey(_ request: PartnerAPI.TrackKeyRequest, _ partner: Partner) throws
        -> PublicKey
    {
        guard request.encryptionVersion == "ECIES_v1" else {
            throw RegistryError.unsupported("encryptionVersion must be ECIES_v1")
        }
        guard request.encryptionCertChain.count == 3 else {
            throw RegistryError.malformed(
                "encryptionCertChain takes device root, instance CA, device encryption certificate")
        }
        do {
            let chain = try request.encryptionCertChain.map { try Self.certificate(base64: $0) }
            guard let root = chain.first, let leaf = chain.last, root.der == partner.root else {
                throw PKIError.chain("the first certificate is not the root of this device OEM")
            }
            return try ChainVerifier.deviceEncryption(
                E: chain[1], certificate: leaf, root: TrustAnchor(root), at: clock.now)
        } catch {
            throw RegistryError.chainInvalid("encryptionCertChain: \(error)")
        }
    }

    private func keyData(_ request: PartnerAPI.TrackKeyRequest) throws -> PartnerAPI.KeyData {
        let clear: [UInt8]
        do {
            clear = try ECIES.open(request.keyData, with: identity.encryptionKey)
        } catch CryptoError.recipient {
            throw RegistryError.recipientKeyUnknown
        } catch {
            throw RegistryError.decryptFailed
        }
        do {
            return try JSONDecoder().decode(PartnerAPI.KeyData.self, from: Data(clear))
        } catch {
            throw RegistryError.malformed("keyData does not hold the members of docs/api.md")
        }
    }

    private func endpoint(_ data: PartnerAPI.KeyData, _ id: KeyID, _ partner: Partner) throws
        -> EndpointCertificate
    {
        do {
            let endpoint = try ChainVerifier.endpoint(
                F: KeyCertificate(der: partner.externalCA),
                E: Self.certificate(base64: data.instanceCA),
                H: Self.certificate(base64: data.keyCertificate), root: identity.root,
                at: clock.now, keyMayStartLater: true)
            guard endpoint.keyId == id else { throw PKIError.keyId }
            return endpoint
        } catch {
            throw RegistryError.chainInvalid("keyData: \(error)")
        }
    }

    private func tracked(
        _ request: PartnerAPI.TrackKeyRequest, _ data: PartnerAPI.KeyData,
        _ endpoint: EndpointCertificate, _ partner: Partner, _ vehicle: VehicleRegistration,
        _ keys: KeyStore
    ) async throws -> TrackedKey {
        let slot = try slot(of: endpoint)
        var state = TrackedKeyState(
            keyId: request.keyID, vehicleId: vehicle.vehicleId, keyType: request.keyType,
            state: .active, deviceOemId: partner.deviceOemId, ownerKeyId: nil,
            slotId: slot, profile: 0, notBefore: endpoint.notBefore,
            notAfter: endpoint.notAfter == .noEnd ? nil : endpoint.notAfter)
        switch request.keyType {
        case .owner:
            try await checkOwner(data, state, vehicle, keys)
            return TrackedKey(state: state, publicKey: endpoint.publicKey.bytes)
        case .shared:
            let attestation = try await attestation(data, endpoint, vehicle, keys)
            state.state = .tracked
            state.ownerKeyId = attestation.ownerKeyId
            state.profile = Int(attestation.keyConfig.profile.rawValue)
            state.notBefore = attestation.keyConfig.notBefore
            state.notAfter = attestation.keyConfig.notAfter
            return TrackedKey(
                state: state, publicKey: endpoint.publicKey.bytes,
                attestation: attestation.encoded)
        }
    }

    private func slot(of endpoint: EndpointCertificate) throws -> SlotID {
        guard let slot = endpoint.endpoint.slotId else {
            throw RegistryError.chainInvalid("the key certificate names a slot id of another size")
        }
        return slot
    }

    /// The car must vouch for an owner key: by its statement in the call, or by its own report.
    private func checkOwner(
        _ data: PartnerAPI.KeyData, _ state: TrackedKeyState, _ vehicle: VehicleRegistration,
        _ keys: KeyStore
    ) async throws {
        if let text = data.vehicleStatement {
            guard let bytes = Data(base64Encoded: text),
                let statement = try? VehicleStatement(parsing: Array(bytes)),
                let key = try? PublicKey(vehicle.publicKey), statement.isSigned(by: key),
                statement.keyId == state.keyId, statement.vehicleId == vehicle.vehicleId,
                statement.slotId == state.slotId
            else { throw RegistryError.signatureInvalid("vehicleStatement is not the vehicle's") }
            return
        }
        guard try await keys.isReportedOwner(state.keyId, of: vehicle.vehicleId) else {
            throw RegistryError.tooEarly("the vehicle has not reported this owner key yet")
        }
    }

    private func attestation(
        _ data: PartnerAPI.KeyData, _ endpoint: EndpointCertificate,
        _ vehicle: VehicleRegistration, _ keys: KeyStore
    ) async throws -> Attestation {
        guard let text = data.attestation, let bytes = Data(base64Encoded: text),
            let attestation = try? Attestation(parsing: Array(bytes))
        else { throw RegistryError.malformed("keyData of a shared key holds its attestation") }
        guard let owner = try await keys.find(attestation.ownerKeyId),
            owner.vehicleId == vehicle.vehicleId, owner.state.keyType == .owner
        else { throw RegistryError.tooEarly("the owner key behind the attestation is not tracked") }
        do {
            try attestation.verify(
                by: PublicKey(owner.publicKey), vehicleId: vehicle.vehicleId,
                slotId: try slot(of: endpoint), selectedVersion: [0xFF, 0xFF])
        } catch {
            throw RegistryError.signatureInvalid("the attestation: \(error)")
        }
        guard attestation.friendPK == endpoint.publicKey else {
            throw RegistryError.signatureInvalid("the attestation is for another key")
        }
        return attestation
    }

    private func answer(
        for key: TrackedKey, of vehicle: VehicleRegistration, to device: PublicKey,
        in transaction: Transaction
    ) async throws -> PartnerAPI.TrackKeyResponse {
        let shared =
            try await KeyStore(transaction).ofVehicle(key.vehicleId)
            .filter { $0.state.keyType == .shared && $0.inDocument != .terminated }.count
            + (key.state.keyType == .shared ? 1 : 0)
        let bundle = PartnerAPI.UIBundle(
            ktsSignature: Data(try identity.receipt(for: key.state, at: clock.now))
                .base64EncodedString(),
            keyValidFrom: key.state.notBefore.description,
            keyValidTo: key.state.notAfter?.description, sharedKeys: shared,
            shareableKeys: max(0, Self.sharedKeyLimit - shared), uiIdentifier: "standard")
        return PartnerAPI.TrackKeyResponse(
            responseHeader: .init(statusCode: "200"),
            uiBundle: try ECIES.seal(Array(ColumnJSON.encode(bundle).utf8), to: device, random),
            brand: identity.design.brand, model: vehicle.displayName)
    }

    /// A new owner key ends the one before it; shared keys stay (F46).
    private func becomeOwner(
        _ key: TrackedKey, of vehicle: inout VehicleRegistration, in transaction: Transaction
    ) async throws {
        vehicle.state = .paired
        for other in try await KeyStore(transaction).ofVehicle(vehicle.vehicleId)
        where other.state.keyType == .owner && other.keyId != key.keyId
            && [.active, .suspended].contains(other.state.state)
        {
            try await Outbox(transaction).add(
                OrderReceived(
                    orderId: "replaced-\(other.keyId)-by-\(key.keyId)", action: .terminate,
                    keyId: other.keyId, vehicleId: vehicle.vehicleId, requester: .operatorOrder,
                    deviceOemId: other.state.deviceOemId, request: nil, receivedAt: clock.now))
        }
        try await desk.publishDocument(for: &vehicle, in: transaction)
    }

    /// What phones show as free places: the default of the sharing orchestrator, which decides.
    private static let sharedKeyLimit = 8

    static func certificate(base64 text: String) throws -> KeyCertificate {
        guard text.utf8.count <= 8192, let bytes = Data(base64Encoded: text) else {
            throw PKIError.der("a certificate is not Base64")
        }
        return try KeyCertificate(der: Array(bytes))
    }
}
