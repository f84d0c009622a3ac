// SPDX-License-Identifier: Apache-2.0

/// How a car steers owner pairing; never protected (PROTOCOL 4.4).
///
/// ```text
/// 80 3C P1 P2       P1 00 abort (P2 = reason), 01 field reset follows, 02 phase 2 finished
/// ```
public enum OPControlFlow: Hashable, Sendable {
    /// P1 = 00.
    case abort(Reason)
    /// P1 = 00 with a P2 nobody has named yet.
    case unnamedAbort(UInt8)
    /// P1 = 01, P2 = 00.
    case fieldResetFollows
    /// P1 = 02, P2 = 00.
    case phase2Finished

    /// Why the car gave up.
    public enum Reason: UInt8, Sendable, CaseIterable {
        case none = 0x00
        case noCommonSPAKEVersion = 0x01
        case noCommonAppletVersion = 0x02
        case timeout = 0x03
        case chainRefused = 0x04
        case identifierMismatch = 0x05
        case storageFull = 0x06
        case notInPairingMode = 0x07
        case objectMalformed = 0x08
        case evidenceFailed = 0x09
        case secureChannel = 0x0A
        case cancelled = 0x0B
        case shareInvalid = 0x0C
        case attemptsExhausted = 0x0D
        case internalError = 0x0E
        case optionsRefused = 0x0F
        case regionNotAllowed = 0x10

        /// A sentence for the person at the car.
        public var sentence: String {
            switch self {
            case .none: "Pairing ended."
            case .noCommonSPAKEVersion: "Phone and car know no common way of pairing."
            case .noCommonAppletVersion: "Phone and car know no common key version."
            case .timeout: "Pairing took too long."
            case .chainRefused: "The car does not trust the certificates of the phone."
            case .identifierMismatch: "The phone made a key for another car."
            case .storageFull: "The car has no room for another key."
            case .notInPairingMode: "The car is not in pairing mode."
            case .objectMalformed: "The phone sent something the car cannot read."
            case .evidenceFailed: "The pairing password is wrong."
            case .secureChannel: "The connection to the phone was disturbed."
            case .cancelled: "Pairing was cancelled."
            case .shareInvalid: "The phone sent an invalid pairing value."
            case .attemptsExhausted: "Too many attempts; ask for a fresh pairing password."
            case .internalError: "The phone could not make the key."
            case .optionsRefused: "The phone made a key with other options than asked for."
            case .regionNotAllowed: "This phone cannot be paired in this region."
            }
        }
    }

    /// Reads P1 and P2; none when the combination does not exist (answer it with 6B00).
    public init?(p1: UInt8, p2: UInt8) {
        switch (p1, p2) {
        case (0x00, _): self = Reason(rawValue: p2).map(Self.abort) ?? .unnamedAbort(p2)
        case (0x01, 0x00): self = .fieldResetFollows
        case (0x02, 0x00): self = .phase2Finished
        default: return nil
        }
    }

    /// P1, then P2.
    public var parameters: (p1: UInt8, p2: UInt8) {
        switch self {
        case .abort(let reason): (0x00, reason.rawValue)
        case .unnamedAbort(let byte): (0x00, byte)
        case .fieldResetFollows: (0x01, 0x00)
        case .phase2Finished: (0x02, 0x00)
        }
    }

    /// The command.
    public var command: CommandAPDU {
        CommandAPDU(
            cla: 0x80, ins: Instruction.controlFlow, p1: parameters.p1, p2: parameters.p2,
            expectsData: false)
    }
}
