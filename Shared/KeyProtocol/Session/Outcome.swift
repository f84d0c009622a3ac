// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import PKI

/// What came of a phone at a reader.
public struct Outcome: Equatable, Sendable {
    public var result: Result
    /// The key that was proven, or used to refuse.
    public var keyId: KeyID?
    public var slotId: SlotID?
    /// How far it went; none when it ended before.
    public var transaction: TransactionKind?
    /// P1 and P2 of the last CONTROL FLOW or OP CONTROL FLOW sent.
    public var controlFlow: UInt16?
    /// Command APDUs sent.
    public var commands: Int

    /// What the car does now.
    public enum Result: Equatable, Sendable {
        /// Open what the profile may open.
        case unlocked(Doors)
        case locked
        /// Allow driving within the limits of the key's configuration.
        case driveReady(KeyConfig)
        /// A known key is there; nothing was asked for.
        case present
        /// Phase 3 is done: a fresh owner key works.
        case paired
        /// The car said no, with the reason for a person and the hint the phone got.
        case refused(String, ControlFlow.Hint?)
        /// The conversation broke; the reason for a person.
        case aborted(String)
    }

    /// What unlocking opens (PROTOCOL 8.9).
    public enum Doors: String, Sendable {
        case all, withoutTrunk, trunkOnly
    }

    /// A sentence for the car's screen and log.
    public var sentence: String {
        switch result {
        case .unlocked(.trunkOnly): "The trunk is unlocked."
        case .unlocked: ControlFlow.Result.unlocked.sentence
        case .locked: ControlFlow.Result.locked.sentence
        case .driveReady: ControlFlow.Result.driveReady.sentence
        case .present: "A key of this car is there."
        case .paired: "This phone is now the owner's key."
        case .refused(let reason, _), .aborted(let reason): reason
        }
    }

    /// Four hexadecimal digits of the last CONTROL FLOW.
    public var controlFlowHex: String? { controlFlow.map { $0.bigEndianBytes.hex } }
}

/// Which conversation proved the key.
public enum TransactionKind: String, Sendable, CaseIterable {
    case fast
    case standard
    case firstFriend = "first friend transaction"
    case pairing
}

/// Something the registry should hear; store it together with the record it came with.
public enum Fact: Equatable, Sendable {
    /// Owner pairing ended well; the key has 65 bytes.
    case pairingCompleted(pairingId: String, keyId: KeyID, slotId: SlotID, publicKey: [UInt8])
    /// A shared key was accepted from its mailbox; DER of the Attestation.
    case friendKeySeen(keyId: KeyID, slotId: SlotID, attestation: [UInt8])
    /// A key was removed by the owner's retire list, or replaced by another owner key.
    case keyRemoved(keyId: KeyID, slotId: SlotID)
}

/// What the shell does next: store `save` and `facts` in one transaction, then do `next`.
public struct Step: Equatable, Sendable {
    /// The record when it changed; it must be on disk before `next` is done.
    public var save: VehicleRecord?
    public var facts: [Fact]
    public var next: Next
}

/// One action of the shell.
public enum Next: Equatable, Sendable {
    /// Send these bytes and call `received` with the answer.
    case transmit([UInt8])
    /// Switch the field off and on (PC/SC: reconnect with unpower), then call `fieldWasReset`.
    case fieldReset
    /// Do nothing for a while, then call `waited`.
    case wait(milliseconds: Int)
    /// It is over; the session takes nothing more.
    case finish(Outcome)
}
