// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto

/// A phone that says what was recorded. In owner pairing the car signs what it writes, differently each
/// time, and the MAC of every later answer depends on it (PROTOCOL 6.1): there the recorded answers get
/// the MAC that fits the commands of today.
struct RecordedPhone {
    /// The recorded conversation, and the one that is going on.
    private var channels: (then: SecureChannel, now: SecureChannel)?

    /// Follows the channel that VERIFY opened.
    mutating func opened(_ keys: ChannelKeys?, by command: [UInt8]) {
        guard let keys, (try? CommandAPDU(parsing: command))?.ins == Instruction.spakeVerify else {
            return
        }
        channels = (SecureChannel(keys: keys), SecureChannel(keys: keys))
    }

    /// Empty when nothing was recorded.
    mutating func answer(to command: [UInt8], as line: TapTrace.Line?) -> [UInt8] {
        let answer = bytes(line?.response)
        guard var (then, now) = channels,
            let recorded = try? CommandAPDU(parsing: bytes(line?.command)),
            let command = try? CommandAPDU(parsing: command), Self.isProtected(command),
            let response = try? ResponseAPDU(parsing: answer)
        else { return answer }
        do {
            try Self.pass(recorded, over: &then)
            try Self.pass(command, over: &now)
            let body = try now.sealResponse(then.openResponse(response.body))
            channels = (then, now)
            return ResponseAPDU(body, status: response.status).encoded
        } catch {
            // Not as it should be: the car is to see it as it was.
            channels = nil
            return answer
        }
    }

    private static func isProtected(_ command: CommandAPDU) -> Bool {
        command.cla == 0x84 || command.ins == Instruction.getResponse
    }

    private static func pass(_ command: CommandAPDU, over channel: inout SecureChannel) throws {
        if command.ins == Instruction.getResponse {
            try channel.passCommand()
        } else {
            _ = try channel.openCommand(command.data)
        }
    }

    private func bytes(_ hex: String?) -> [UInt8] { hex.flatMap { try? [UInt8](hex: $0) } ?? [] }
}
