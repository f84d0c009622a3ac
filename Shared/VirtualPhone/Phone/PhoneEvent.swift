// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyProtocol

/// What the phone shows its user or does next because of a tap.
public enum PhoneEvent: Hashable, Sendable {
    /// Owner pairing made this key; phase 3 follows on the same reader.
    case paired(KeyID)
    /// Pairing ended without a key; the endpoint it made is deleted.
    case pairingAborted
    /// The phone refuses what the car sent in owner pairing; a sentence for the user.
    case carRefused(String)
    /// The password was tried too often or is too old: pairing mode is left.
    case pairingModeLeft
    /// A transaction of this key was opened, fast or standard.
    case transaction(KeyID, isFast: Bool)
    /// The car's word at the end, and whose transaction it was (PROTOCOL 4.5).
    case controlFlow(KeyID?, ControlFlow)
    /// 1...16 bytes of a car for the operating system (EXCHANGE tag AE).
    case notification(KeyID, [UInt8])
    /// A ranging session with this key began; its ranging secret is used up.
    case ranging(KeyID)
    /// The car's word about the ranging session: none when it unlocked, else why not.
    case rangingEnded(RangingReason?)
    /// The mailboxes of this key were written.
    case mailboxWritten(KeyID)
}
