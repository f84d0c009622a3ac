// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol

/// What car and phone send each other, as parsers see it.
extension FuzzTarget {
    static let wire = [
        exact("tlv") {
            try TLV.list($0)
        } write: {
            $0.encoded
        },
        exact("command-apdu") {
            try CommandAPDU(parsing: $0)
        } write: {
            $0.encoded
        },
        exact("response-apdu") {
            try ResponseAPDU(parsing: $0)
        } write: {
            $0.encoded
        },
        exact("polling-frame") {
            try PollingFrame(parsing: $0)
        } write: {
            // The reader's other bits of config are kept by nobody.
            $0.encoded
        } normal: {
            [0x6A, 0x02, $0[2] | 0xC0] + $0.dropFirst(3).dropLast(2)
        },
        stable("spake-request") {
            try SPAKERequest(parsing: $0)
        } write: {
            $0.encoded
        },
        stable("framework-selection") {
            try FrameworkSelection(parsing: $0)
        } write: {
            $0.encoded
        },
        stable("applet-selection") {
            try AppletSelection(parsing: $0)
        } write: {
            $0.encoded
        },
        stable("auth0-command") {
            try Auth0Command(parsing: $0)
        } write: {
            $0.command(fast: false, .unlock).data
        },
        stable("auth0-response") {
            try Auth0Response(parsing: $0)
        } write: {
            $0.encoded
        },
        stable("auth1-response") {
            try Auth1Response(parsing: $0)
        } write: {
            $0.encoded
        },
        stable("creation-data") {
            try EndpointCreationData(parsing: $0)
        } write: {
            $0.encoded
        },
        stable("mailbox-mapping") {
            try MailboxMapping(parsing: $0)
        } write: {
            $0.encoded
        },
        stable("device-configuration") {
            try DeviceConfiguration(parsing: $0)
        } write: {
            $0.encoded
        },
        FuzzTarget("exchange-command", exchangeCommand),
        FuzzTarget("exchange-response", exchangeResponse),
        FuzzTarget("secure-channel", secureChannel),
        FuzzTarget("points-and-tokens", pointsAndTokens),
    ]

    /// A value that is read again from what it writes.
    static func stable<Value: Equatable & SendableMetatype>(
        _ name: String, read: @escaping @Sendable ([UInt8]) throws -> Value,
        write: @escaping @Sendable (Value) -> [UInt8]
    ) -> FuzzTarget {
        FuzzTarget(name) { bytes in
            guard let value = try? read(bytes) else { return }
            guard let again = try? read(write(value)) else {
                throw FuzzFailure("what was read cannot be read again")
            }
            try require(again == value, "what was read is another value when read again")
        }
    }

    /// A value with one encoding: what was read is written as the same bytes.
    static func exact<Value>(
        _ name: String, read: @escaping @Sendable ([UInt8]) throws -> Value,
        write: @escaping @Sendable (Value) -> [UInt8],
        normal: @escaping @Sendable ([UInt8]) -> [UInt8] = { $0 }
    ) -> FuzzTarget {
        FuzzTarget(name) { bytes in
            guard let value = try? read(bytes) else { return }
            try require(
                normal(write(value)) == normal(bytes), "what was read is written as other bytes")
        }
    }

    /// `flags(1) ‖ private size / 8 (1) ‖ confidential size (1) ‖ command`.
    @Sendable private static func exchangeCommand(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let flags = input.byte()
        let rules = ExchangeCommand.Rules(
            afterFast: flags & 1 != 0, sessionIsOpen: flags & 2 != 0,
            privateSize: 8 * Int(input.byte()), confidentialSize: Int(input.byte()))
        guard let command = try? ExchangeCommand(parsing: input.rest(), rules: rules) else {
            return
        }
        var answer = 4
        for placed in command.operations {
            let (offset, count) = placed.operation.range
            let size =
                placed.mailbox == .privateMailbox ? rules.privateSize : rules.confidentialSize
            try require(count >= 1 && offset + count <= size, "an operation outside the mailbox")
            try require(
                !(rules.afterFast && placed.mailbox == .confidential), "confidential after fast")
            if case .read = placed.operation { answer += 2 + count }
        }
        try require(answer <= Limits.protectedPlaintext, "an answer that does not fit")
        try require(!rules.sessionIsOpen || command.atomic != nil, "a session that is left open")
        // Empty containers say nothing and are not written.
        guard !command.encoded.isEmpty else { return }
        let again = try? ExchangeCommand(parsing: command.encoded, rules: rules)
        try require(again == command, "what was read is another command when read again")
    }

    /// `number of reads(1) ‖ their lengths(1 each) ‖ answer`.
    @Sendable private static func exchangeResponse(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let lengths = (0..<input.byte() % 8).map { _ in UInt16(input.byte()) }
        let command = ExchangeCommand(
            lengths.map { .init(.privateMailbox, .read(offset: 0, length: $0)) })
        let rest = input.rest()
        guard let answer = try? ExchangeResponse(parsing: rest, to: command) else { return }
        if answer.status == .done {
            try require(
                answer.reads.map { UInt16($0.count) } == lengths, "reads nobody asked for")
            try require(answer.encoded == rest, "what was read is written as other bytes")
        } else {
            try require(answer.reads.isEmpty, "data with a refusal")
        }
    }

    /// Two ends of a channel and somebody in between, who changes what passes when told to.
    ///
    /// `{ action(1) length(1) bytes }*`
    @Sendable private static func secureChannel(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let keys = ChannelKeys(
            encryption: [UInt8](repeating: 1, count: 16), mac: [UInt8](repeating: 2, count: 16),
            responseMAC: [UInt8](repeating: 3, count: 16))
        let start = Int(input.byte())
        var car = SecureChannel(keys: keys, counter: start)
        var phone = SecureChannel(keys: keys, counter: start)
        var steps = 0
        while !input.isAtEnd, steps < 64 {
            steps += 1
            let action = input.byte()
            let content = input.piece()
            switch action % 4 {
            case 0:
                guard let wire = try? car.sealCommand(content) else { continue }
                let sent = input.changed(wire, by: action)
                let opened = try? phone.openCommand(sent)
                try require(opened == nil || sent == wire, "a changed command was opened")
                try require(opened == nil || opened == content, "a command opens as another")
            case 1:
                guard let wire = try? phone.sealResponse(content) else { continue }
                let sent = input.changed(wire, by: action)
                let opened = try? car.openResponse(sent)
                try require(opened == nil || sent == wire, "a changed answer was opened")
                try require(opened == nil || opened == content, "an answer opens as another")
            case 2:
                _ = try? car.passCommand()
                _ = try? phone.passCommand()
            default:
                let opened = try? phone.openCommand(content)
                try require(opened == nil, "bytes of a stranger were opened")
            }
        }
    }

    @Sendable private static func pointsAndTokens(_ bytes: [UInt8]) throws {
        if let key = try? PublicKey(bytes) {
            try require(key.bytes == bytes, "a point is written as other bytes")
            _ = try? FuzzKeys.car.sharedX(with: key)
            _ = key.isValid([UInt8](repeating: 1, count: 64), for: bytes)
        }
        let (slot, vehicle) = (SlotID(generation: 0, position: 2), FuzzKeys.vehicleId)
        if let token = try? TokenExport.open(
            bytes, with: FuzzKeys.friend, slotId: slot, vehicleId: vehicle)
        {
            try require(token.count <= TokenExport.tokenLimit, "a token that is too long")
        }
        var input = FuzzInput(bytes)
        let verifier = try? SPAKE2Plus.Verifier(w0: input.take(32), L: input.take(65))
        guard let verifier else { return }
        _ = try? SPAKE2Plus.Responder(
            verifier: verifier, share: input.take(65), random: FuzzRandom(seed: "car").source,
            spakeVersion: [1, 0], appletVersions: [2, 0])
    }
}
