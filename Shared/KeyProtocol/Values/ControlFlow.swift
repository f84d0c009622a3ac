// SPDX-License-Identifier: Apache-2.0

/// How a car ends a transaction; the phone shows it, it changes no key (PROTOCOL 4.5).
///
/// ```text
/// 80 3C P1 P2       P1 00 failure, 01 success, 40 domain specific
/// ```
public enum ControlFlow: Hashable, Sendable {
    /// P1 = 00.
    case failure(Hint)
    /// P1 = 01.
    case success(Result)
    /// P1 = 40, any P2.
    case domainSpecific(UInt8)
    /// P1 = 00 or 01 with a P2 nobody has named yet.
    case unnamed(success: Bool, UInt8)

    /// Why the car refused, P2 after P1 = 00.
    public enum Hint: UInt8, Sendable, CaseIterable {
        case none = 0x00
        case keyUnknown = 0x01
        case keySuspendedOrTerminated = 0x02
        case notValidNow = 0x03
        case rightMissing = 0x04
        case needsAuthentication = 0x05
        case tokenWrong = 0x06
        case attestationRefused = 0x07
        case receiptMissing = 0x08
        case retry = 0x09
        case readerFault = 0x0A

        /// A sentence for the person at the car.
        public var sentence: String {
            switch self {
            case .none: "The key could not be used."
            case .keyUnknown: "This phone has no key for this car."
            case .keySuspendedOrTerminated: "This key is suspended or was ended."
            case .notValidNow: "This key is not valid at this time."
            case .rightMissing: "This key does not allow this action."
            case .needsAuthentication:
                "Authenticate on the phone or enter the activation code in the car."
            case .tokenWrong: "The immobilizer token of this key is wrong."
            case .attestationRefused: "The car did not accept the shared key."
            case .receiptMissing: "This key must be registered before it can drive."
            case .retry: "Hold the phone to the reader again."
            case .readerFault: "The reader has a fault."
            }
        }
    }

    /// What the car did, P2 after P1 = 01.
    public enum Result: UInt8, Sendable, CaseIterable {
        case done = 0x00
        case unlocked = 0x01
        case locked = 0x02
        case driveReady = 0x03
        case stayOnReader = 0x04

        /// A sentence for the person at the car.
        public var sentence: String {
            switch self {
            case .done: "Done."
            case .unlocked: "The car is unlocked."
            case .locked: "The car is locked."
            case .driveReady: "The car is ready to drive."
            case .stayOnReader: "Keep the phone on the reader."
            }
        }
    }

    /// Reads P1 and P2; none when P1 is not 00, 01 or 40 (answer it with 6B00).
    public init?(p1: UInt8, p2: UInt8) {
        switch p1 {
        case 0x00: self = Hint(rawValue: p2).map(Self.failure) ?? .unnamed(success: false, p2)
        case 0x01: self = Result(rawValue: p2).map(Self.success) ?? .unnamed(success: true, p2)
        case 0x40: self = .domainSpecific(p2)
        default: return nil
        }
    }

    /// P1, then P2.
    public var parameters: (p1: UInt8, p2: UInt8) {
        switch self {
        case .failure(let hint): (0x00, hint.rawValue)
        case .success(let result): (0x01, result.rawValue)
        case .domainSpecific(let byte): (0x40, byte)
        case .unnamed(let success, let byte): (success ? 0x01 : 0x00, byte)
        }
    }

    /// The command.
    public var command: CommandAPDU {
        CommandAPDU(
            cla: 0x80, ins: Instruction.controlFlow, p1: parameters.p1, p2: parameters.p2,
            expectsData: false)
    }

    /// A sentence for the person who holds the phone.
    public var sentence: String {
        switch self {
        case .failure(let hint): hint.sentence
        case .success(let result): result.sentence
        case .domainSpecific: "The car asks for something of its own."
        case .unnamed(let success, _):
            success ? Result.done.sentence : Hint.none.sentence
        }
    }
}
