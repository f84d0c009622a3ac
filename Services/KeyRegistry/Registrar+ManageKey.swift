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
    /// A device OEM ends, suspends or resumes a key (SERVER 1.5). What it may ask for is decided
    /// here; carrying it out is the saga of the revocation service, which hears of it as an event.
    func manage(
        _ request: PartnerAPI.ManageKeyRequest, from partner: Partner, requestId: String
    ) async throws {
        try await database.transaction { transaction in
            let (key, found) = try await KeyStore(transaction).findWithVehicle(request.keyID)
            var vehicle = found
            if let envelope = request.deviceRemoteTerminationRequest {
                try await order(
                    key, request.action, by: envelope, from: partner, in: transaction)
            } else if let proof = request.terminationAttestation {
                guard request.action == .terminate else {
                    throw RegistryError.malformed("terminationAttestation goes with TERMINATE only")
                }
                try await prove(key, proof, from: partner, of: &vehicle, requestId, in: transaction)
            } else {
                try await order(key, request.action, from: partner, requestId, in: transaction)
            }
        }
    }

    /// The owner's phone asks to end a shared key.
    private func order(
        _ key: TrackedKey, _ action: KeyAction, by envelope: ECIESEnvelope,
        from partner: Partner, in transaction: Transaction
    ) async throws {
        let der: [UInt8]
        do {
            der = try ECIES.open(envelope, with: identity.encryptionKey)
        } catch CryptoError.recipient {
            throw RegistryError.recipientKeyUnknown
        } catch {
            throw RegistryError.decryptFailed
        }
        guard let request = try? ServerRequest(parsing: der) else {
            throw RegistryError.malformed("deviceRemoteTerminationRequest is not a ServerRequest")
        }
        guard request.targetKeyId == key.keyId, request.vehicleId == key.vehicleId,
            KeyAction(request.action) == action
        else { throw RegistryError.malformed("the signed request names another key or action") }
        guard let owner = try await KeyStore(transaction).find(request.requesterKeyId),
            owner.vehicleId == key.vehicleId, owner.state.keyType == .owner,
            owner.state.state == .active, owner.state.deviceOemId == partner.deviceOemId
        else { throw RegistryError.notOwner("the requester holds no owner key of this vehicle") }
        guard let publicKey = try? PublicKey(owner.publicKey), request.isSigned(by: publicKey)
        else { throw RegistryError.signatureInvalid("the request is not signed by the owner key") }
        guard key.state.keyType == .shared else {
            throw RegistryError.notOwner("an owner key is ended by its own device")
        }
        try await receive(
            action, key, .owner, "owner-\(owner.keyId)-\(request.requestId.hex)", request: der.hex,
            in: transaction)
    }

    /// The device proves that the key is gone; a proof nobody asked for is an order of the holder.
    private func prove(
        _ key: TrackedKey, _ text: String, from partner: Partner,
        of vehicle: inout VehicleRegistration, _ requestId: String, in transaction: Transaction
    ) async throws {
        guard key.state.deviceOemId == partner.deviceOemId else {
            throw RegistryError.notOwner("the key belongs to a device of another OEM")
        }
        guard let bytes = Data(base64Encoded: text),
            let termination = try? Termination(parsing: Array(bytes))
        else { throw RegistryError.malformed("terminationAttestation is not a Termination") }
        guard let publicKey = try? PublicKey(key.publicKey), termination.isSigned(by: publicKey),
            termination.keyId == key.keyId, termination.vehicleId == key.vehicleId,
            termination.slotId == key.state.slotId
        else {
            throw RegistryError.signatureInvalid(
                "the Termination is not signed by the key itself, or names another")
        }
        // A repeat of a proof that was taken is answered like the first.
        guard ![.terminated, .terminatedOnDevice].contains(key.state.state) else { return }
        let isOwnWish = [.active, .suspended, .tracked].contains(key.state.state)
        if isOwnWish {
            try await receive(
                .terminate, key, .holder, "holder-\(key.keyId)", request: nil, in: transaction)
        }
        try await desk.record(
            try key.provedByDevice(termination.encoded.hex), of: &vehicle, in: transaction)
    }

    /// The device OEM's account functions: lost mode, found again, remote deletion.
    private func order(
        _ key: TrackedKey, _ action: KeyAction, from partner: Partner, _ requestId: String,
        in transaction: Transaction
    ) async throws {
        guard key.state.deviceOemId == partner.deviceOemId else {
            throw RegistryError.notOwner("the key belongs to a device of another OEM")
        }
        let id = sha256(Array("\(partner.deviceOemId)/\(requestId)".utf8)).prefix(16)
        try await receive(
            action, key, .deviceOEM, "oem-\(Array(id).hex)", request: nil, in: transaction)
    }

    private func receive(
        _ action: KeyAction, _ key: TrackedKey, _ requester: Requester, _ orderId: String,
        request: String?, in transaction: Transaction
    ) async throws {
        // A repeat of the order behind the present state is answered like the first.
        guard key.orderId != orderId else { return }
        // The domain says now whether the order makes sense, so that the caller hears of it.
        _ = try key.carryOut(action, order: orderId)
        try await Outbox(transaction).add(
            OrderReceived(
                orderId: orderId, action: action, keyId: key.keyId, vehicleId: key.vehicleId,
                requester: requester, deviceOemId: key.state.deviceOemId, request: request,
                receivedAt: clock.now))
    }
}

extension KeyAction {
    /// The action of a signed request.
    init(_ action: ServerAction) {
        switch action {
        case .terminate: self = .terminate
        case .suspend: self = .suspend
        case .resume: self = .resume
        }
    }
}
