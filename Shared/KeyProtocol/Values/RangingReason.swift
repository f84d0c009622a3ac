// SPDX-License-Identifier: Apache-2.0

/// Why ranging does not unlock; the byte of the end of a session (PROTOCOL 18.2).
public enum RangingReason: UInt8, Error, Sendable, CaseIterable {
    case tooFar = 0x01
    case timeout = 0x02
    case oldRound = 0x03
    case wrongMAC = 0x04
    case otherSession = 0x05
    case noSecret = 0x06
    case secretExpired = 0x07
    case malformed = 0x08
    case keyEnded = 0x09
    case notValidNow = 0x0A
    case rightMissing = 0x0B
    case needsAuthentication = 0x0C
    case unspecified = 0xFF

    /// A sentence for the person at the car.
    public var sentence: String {
        switch self {
        case .tooFar: "The phone is too far away."
        case .timeout: "The phone could not be ranged in time."
        case .oldRound: "The phone repeated an old ranging round."
        case .wrongMAC: "A ranging answer was not made by this key."
        case .otherSession: "A ranging answer belongs to another session."
        case .noSecret: "Phone and car share no ranging secret."
        case .secretExpired: "The ranging secret is older than a day."
        case .malformed: "The phone sent something unreadable while ranging."
        case .keyEnded: ControlFlow.Hint.keySuspendedOrTerminated.sentence
        case .notValidNow: ControlFlow.Hint.notValidNow.sentence
        case .rightMissing: ControlFlow.Hint.rightMissing.sentence
        case .needsAuthentication: "Authenticate on the phone to open without a tap."
        case .unspecified: "Ranging was refused."
        }
    }

    /// Check 9 of a tap in the words of ranging.
    init(_ hint: ControlFlow.Hint) {
        self =
            switch hint {
            case .notValidNow: .notValidNow
            case .rightMissing: .rightMissing
            case .keySuspendedOrTerminated: .keyEnded
            default: .unspecified
            }
    }
}
