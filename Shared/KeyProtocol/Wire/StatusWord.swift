// SPDX-License-Identifier: Apache-2.0

/// The two bytes that end every response (PROTOCOL 3.3).
public struct StatusWord: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// SW1 in the high byte, SW2 in the low byte.
    public let rawValue: UInt16

    /// Any status word, also one this protocol does not name.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Done.
    public static let done = StatusWord(rawValue: 0x9000)
    /// Wrong length of the APDU or of a fixed-length body.
    public static let wrongLength = StatusWord(rawValue: 0x6700)
    /// AUTH1: vehicle signature not valid, or no such key.
    public static let notAuthenticated = StatusWord(rawValue: 0x6982)
    /// Out of order, conditions not met, no session keys, option not allowed.
    public static let conditionsNotMet = StatusWord(rawValue: 0x6985)
    /// A protected command could not be opened.
    public static let channel = StatusWord(rawValue: 0x6988)
    /// Bad or missing parameter in the data.
    public static let wrongData = StatusWord(rawValue: 0x6A80)
    /// SELECT found no such application.
    public static let notFound = StatusWord(rawValue: 0x6A82)
    /// Not enough memory.
    public static let noMemory = StatusWord(rawValue: 0x6A84)
    /// Unacceptable scrypt values, invalid Y or wrong evidence.
    public static let wrongEvidence = StatusWord(rawValue: 0x6A88)
    /// Wrong P1 or P2.
    public static let wrongParameters = StatusWord(rawValue: 0x6B00)
    /// Unknown INS.
    public static let unknownInstruction = StatusWord(rawValue: 0x6D00)
    /// Wrong CLA.
    public static let wrongClass = StatusWord(rawValue: 0x6E00)
    /// The device is not ready for pairing.
    public static let notReadyForPairing = StatusWord(rawValue: 0x9484)

    /// `61xx`: `left` plain bytes are still to come, `00` when 256 or more.
    public static func moreData(_ left: Int) -> StatusWord {
        StatusWord(rawValue: 0x6100 | (left > 255 ? 0 : UInt16(clamping: left)))
    }

    /// Whether more data waits for GET RESPONSE; only SW1 counts.
    public var hasMoreData: Bool { rawValue >> 8 == 0x61 }

    /// SW1, then SW2.
    public var bytes: [UInt8] { [UInt8(rawValue >> 8), UInt8(truncatingIfNeeded: rawValue)] }

    /// Four upper-case hexadecimal digits.
    public var description: String {
        let digits = String(rawValue, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
