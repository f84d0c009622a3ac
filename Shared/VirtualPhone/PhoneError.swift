// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
public import PKI

/// Why a wallet function or an operation of the secure element was refused.
public enum PhoneError: Error, Equatable, Sendable {
    /// The phone holds no key of this name.
    case unknownKey
    /// The key's state does not allow this; 15 lists the edges.
    case wrongPhase(KeyPhase)
    /// The phone already holds a key for this vehicle (7.5).
    case alreadyHasKey(VehicleID)
    /// The secure element has no instance CA or certificates for the vehicle's automaker.
    case automakerUnknown
    /// Not an owner key, or sharing is not allowed by its options.
    case mayNotShare
    /// No position 2...8 is both valid and without a consent.
    case noSlotLeft
    /// No consent of the owner fits, or it was used.
    case noConsent
    /// An activation code that is not six digits, or a right that sharing cannot give.
    case badRequest(String)
    /// The object does not belong to this key or this request.
    case mismatch(String)
    /// A certificate or signed object was refused.
    case object(PKIError)
    /// A primitive refused its input.
    case crypto(CryptoError)
    /// Nothing more fits into the mailbox area or the endpoint store.
    case full
    /// The order was seen before, or is older than the last one.
    case replayed
    /// The saved state is not usable.
    case corrupted
    /// Pairing mode needs a password of eight digits.
    case badPassword
}
