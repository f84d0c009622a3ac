// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import PCSC

/// One phone at one reader, from the first command to the last answer, and what the log will say.
struct Tap: Sendable {
    let channel: any PhoneLink
    let place: ReaderMap.Place
    /// Command APDUs sent.
    var apdus = 0
    /// When the first command left.
    var firstCommand: ContinuousClock.Instant?
    /// When the last answer came.
    var lastAnswer: ContinuousClock.Instant?
    /// P1 and P2 of the last CONTROL FLOW sent, four hexadecimal digits.
    var controlFlow: String?
    /// Why it ended before its end; none when the session itself said how it ended.
    var note: String?
    /// What else the log says: how far the phone is.
    var remark: String?
    /// What the session said at its end.
    var outcome: Outcome?
    /// What went over the air.
    var trace: TapTrace?
    /// What the car drew for it.
    let draws: DrawLog
    var began = ContinuousClock.now

    init(_ channel: any PhoneLink, at place: ReaderMap.Place, random: RandomSource) {
        (self.channel, self.place) = (channel, place)
        draws = DrawLog(random)
    }

    /// Sends one command and keeps count; `meanwhile` runs while the phone has it.
    mutating func transmit(
        _ command: [UInt8], before deadline: ContinuousClock.Instant, meanwhile: () -> Void
    ) async throws(PCSCError) -> [UInt8] {
        let now = ContinuousClock.now
        let isRequest = command.dropFirst().first == Instruction.spakeRequest
        let limit = isRequest ? TapRunner.TimeLimit.request : TapRunner.TimeLimit.command
        guard now < deadline else { throw .timeout }
        firstCommand = firstCommand ?? now
        apdus += 1
        if let parameters = Self.controlFlowParameters(command) { controlFlow = parameters }
        let answer = try await channel.transmit(
            command, within: min(limit, deadline - now), meanwhile: meanwhile)
        lastAnswer = .now
        return answer
    }

    /// From the first command to the last answer.
    var milliseconds: Double {
        guard let firstCommand, let lastAnswer else { return 0 }
        return (lastAnswer - firstCommand) / .milliseconds(1)
    }

    private static func controlFlowParameters(_ command: [UInt8]) -> String? {
        var reader = ByteReader(command)
        guard let header = try? reader.read(4),
            header.starts(with: [0x80, Instruction.controlFlow])
        else { return nil }
        return header.suffix(2).hex
    }
}

extension PCSCError {
    /// What the log of the car says.
    var sentence: String {
        switch self {
        case .serviceGone: "the PC/SC service went away"
        case .readerGone: "the reader went away"
        case .cardGone: "the phone left the field"
        case .timeout: "the phone did not answer in time"
        case .closed: "the connection to the phone was closed"
        case .busy: "another program holds the phone"
        case .tooLong: "a command was too long for the reader"
        case .refused(let code): "the PC/SC service answered \(String(code, radix: 16))"
        }
    }
}
