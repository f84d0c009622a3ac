// SPDX-License-Identifier: Apache-2.0

// The module PCSC: the readers of this machine as Swift values. Start at `CardReaders` (who is
// there) and `CardChannel` (talk to one card). It moves bytes and knows nothing of keys; no call
// blocks a task for longer than the deadline it was given.

/// Why a call to the smart card service failed, by what the caller has to do next.
public enum PCSCError: Error, Equatable, Sendable {
    /// The service (pcscd) is not there or went away: drop everything, ask for the readers again.
    case serviceGone
    /// The reader went away: wait until it is listed again.
    case readerGone
    /// The card left, lost power or tore an answer: end the session, wait for the next insertion.
    case cardGone
    /// No answer within the deadline; the channel was dropped.
    case timeout
    /// The channel was closed or dropped before.
    case closed
    /// Somebody else holds the card.
    case busy
    /// The command is longer than the reader takes and the card joins no parts, or it is no APDU.
    case tooLong
    /// Any other code of winscard.h.
    case refused(code: UInt32)

    /// Maps a result of winscard.h; none for success.
    init?(result: Int) {
        let code = UInt32(truncatingIfNeeded: result)
        switch code {
        case 0: return nil
        case Code.commError, Code.noService, Code.serviceStopped, Code.invalidHandle,
            Code.shutdown:
            self = .serviceGone
        case Code.removedCard, Code.noSmartcard, Code.notTransacted, Code.unpoweredCard,
            Code.unresponsiveCard, Code.resetCard, Code.unsupportedCard, Code.commDataLost,
            Code.protocolMismatch:
            self = .cardGone
        case Code.readerUnavailable, Code.unknownReader, Code.invalidValue, Code.noReaders:
            self = .readerGone
        case Code.sharingViolation: self = .busy
        case Code.timeout: self = .timeout
        default: self = .refused(code: code)
        }
    }

    /// The codes of pcsclite.h this driver tells apart.
    enum Code {
        static let cancelled: UInt32 = 0x8010_0002
        static let invalidHandle: UInt32 = 0x8010_0003
        static let insufficientBuffer: UInt32 = 0x8010_0008
        static let unknownReader: UInt32 = 0x8010_0009
        static let timeout: UInt32 = 0x8010_000A
        static let sharingViolation: UInt32 = 0x8010_000B
        static let noSmartcard: UInt32 = 0x8010_000C
        static let protocolMismatch: UInt32 = 0x8010_000F
        static let invalidValue: UInt32 = 0x8010_0011
        static let commError: UInt32 = 0x8010_0013
        static let notTransacted: UInt32 = 0x8010_0016
        static let readerUnavailable: UInt32 = 0x8010_0017
        static let shutdown: UInt32 = 0x8010_0018
        static let noService: UInt32 = 0x8010_001D
        static let serviceStopped: UInt32 = 0x8010_001E
        static let noReaders: UInt32 = 0x8010_002E
        static let commDataLost: UInt32 = 0x8010_002F
        static let unsupportedCard: UInt32 = 0x8010_0065
        static let unresponsiveCard: UInt32 = 0x8010_0066
        static let unpoweredCard: UInt32 = 0x8010_0067
        static let resetCard: UInt32 = 0x8010_0068
        static let removedCard: UInt32 = 0x8010_0069
    }
}
