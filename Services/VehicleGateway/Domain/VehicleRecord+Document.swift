// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyProtocol
import PKI

extension StoredVehicle {
    /// Makes the vehicle hold what a checked document says, and notes its version.
    ///
    /// Keys that the document does not name stay: a friend may have come offline. A shared key that
    /// the car's own rules refuse stays out, and its reason is returned; the rest is applied.
    mutating func apply(
        _ document: VehicleDocument, verifier: PairingVerifier?
    ) throws(GatewayError) -> [String] {
        guard document.version > documentVersion else { throw .rollback(inForce: documentVersion) }
        try applyPairing(document.pairing, verifier)
        record.retire(document.retiredSlots)
        var refusals: [String] = []
        for key in document.keys {
            do {
                try apply(key)
            } catch {
                refusals.append("key \(key.keyId): \(error)")
            }
        }
        if document.policies.receipt == .required {
            record.configuration.options.rights.insert(.receiptToDrive)
        } else {
            record.configuration.options.rights.remove(.receiptToDrive)
        }
        record.configuration.device.keyTracking =
            switch document.policies.receipt {
            case .none: .none
            case .deferred: .whenPossible
            case .required: .beforeDrive
            }
        documentVersion = document.version
        return refusals
    }

    private mutating func apply(_ key: VehicleDocument.Key) throws(PKIError) {
        switch key.state {
        case .terminated:
            if record.pending?.key.keyId == key.keyId { record.retire([key.slotId]) }
            record.terminate(key.keyId)
            // It must not come back through its mailbox either.
            if record.key(at: key.slotId) == nil { record.retire([key.slotId]) }
        // The state first: it holds for a key that cannot be installed, too.
        case .suspended:
            record.suspend(key.keyId)
            try install(key)
        case .active:
            record.resume(key.keyId)
            try install(key)
        }
    }

    private mutating func install(_ key: VehicleDocument.Key) throws(PKIError) {
        guard let text = key.attestation,
            !record.keys.contains(where: { $0.keyId == key.keyId })
        else { return }
        guard let bytes = try? [UInt8](hex: text) else { throw .der("not hexadecimal") }
        let attestation = try Attestation(parsing: bytes)
        guard attestation.friendKeyId == key.keyId, attestation.slotId == key.slotId else {
            throw .mismatch("the attestation is of another key")
        }
        try record.installSharedKey(attestation)
    }

    private mutating func applyPairing(
        _ pairing: VehicleDocument.Pairing?, _ verifier: PairingVerifier?
    ) throws(GatewayError) {
        // A password that was used once never works again, whatever documents still say.
        guard let pairing, let verifier, pairing.id != spentPairing else {
            record.apply(pairing: nil)
            return
        }
        guard let w0 = try? [UInt8](hex: verifier.w0), w0.count == 32,
            let point = try? [UInt8](hex: verifier.L), point.count == 65,
            let salt = try? [UInt8](hex: verifier.salt), salt.count == 16
        else { throw .document("the pairing verifier is malformed") }
        record.apply(
            pairing: PairingMode(
                id: pairing.id, expiresAt: pairing.expiresAt, w0: w0, L: point, salt: salt,
                N: verifier.N, r: verifier.r, p: verifier.p))
    }
}
