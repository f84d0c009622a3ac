// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyProtocol
import PKI

extension VehicleRecord {
    /// `unpaired`, `pairing`, `paired`.
    func screenState(at now: Instant) -> String {
        if pending != nil || isInPairingMode(at: now) { return "pairing" }
        return owner == nil ? "unpaired" : "paired"
    }

    /// All keys of the car, the owner's first, then by slot id.
    var screenKeys: [CarAPI.Key] {
        let known = keys.map { ($0, $0.state.rawValue) }
        let waiting = pending.map { [($0.key, "pending")] } ?? []
        return (known + waiting).sorted { left, right in
            (left.0.slotId.position, left.0.slotId) < (right.0.slotId.position, right.0.slotId)
        }.map { key, state in
            CarAPI.Key(
                keyId: key.keyId, slotId: key.slotId, profile: Int(key.config.profile.rawValue),
                state: state, receiptSeen: key.receiptSeen, message: key.message?.text,
                endingSince: key.endingSince)
        }
    }
}

extension VehicleReport.Fact {
    /// What the key protocol learnt, as it is reported.
    init(_ fact: KeyProtocol.Fact) {
        switch fact {
        case .pairingCompleted(let pairingId, let keyId, let slotId, let publicKey):
            self = .pairingCompleted(
                pairingId: pairingId, keyId: keyId, slotId: slotId, publicKey: publicKey.hex)
        case .friendKeySeen(let keyId, let slotId, let attestation):
            self = .friendKeySeen(keyId: keyId, slotId: slotId, attestation: attestation.hex)
        case .keyRemoved(let keyId, let slotId):
            self = .keyRemoved(keyId: keyId, slotId: slotId)
        }
    }
}
