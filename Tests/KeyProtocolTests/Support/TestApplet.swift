// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol

/// A phone's applet with one key, made of the same primitives, with knobs to misbehave.
struct TestApplet: TestPhone {
    var key = PrivateKey.generate(.system, for: "endpoint.SK")
    var slot = SlotID(generation: 0, position: 1)
    var vehicleKey: PublicKey
    var versions: [ProtocolVersion] = [.v0200, .v0100]
    var kpersistent: [UInt8]?
    var privateMailbox = [UInt8](repeating: 0, count: 1024)
    var confidential = [UInt8](repeating: 0, count: 128)
    var random = RandomSource.system
    /// Changes or drops the response with this number.
    var fault: (index: Int, change: ([UInt8]) -> [UInt8]?)?
    /// Changes the objects in the clear text of AUTH1.
    var identity: (inout [TLV]) -> Void = { _ in }
    /// Changes the clear text of the EXCHANGE answer with this number.
    var mailboxFault: (index: Int, change: ([UInt8]) -> [UInt8])?
    /// Signs AUTH1 with another key.
    var signingKey: PrivateKey?
    /// What the signature of AUTH1 stands for.
    var usage = SignatureUsage.endpoint
    var needsUserForDrive = false
    /// Answers AUTH1 whoever signed it.
    var isGullible = false
    /// Named in AUTH1 instead of `slot`.
    var foreignSlot: [UInt8]?
    /// option_group_1 b7: whether AUTH1 brings the signaling bits.
    var tellsSignaling = true
    private(set) var responses = 0
    private var exchanges = 0
    private var pendingMailboxes: (private: [UInt8], confidential: [UInt8])?
    private var endpoint: PrivateKey?
    private var transcript: TransactionTranscript?
    private var channel: SecureChannel?
    private(set) var notes: [ExchangeCommand] = []

    init(vehicleKey: PublicKey) { self.vehicleKey = vehicleKey }

    mutating func fieldLost() {
        pendingMailboxes = nil
        channel = nil
    }

    mutating func respond(to bytes: [UInt8]) -> [UInt8]? {
        let answer = (try? answer(bytes)) ?? ResponseAPDU(status: .wrongData)
        defer { responses += 1 }
        if let fault, fault.index == responses { return fault.change(answer.encoded) }
        return answer.encoded
    }

    private mutating func answer(_ bytes: [UInt8]) throws -> ResponseAPDU {
        let command = try CommandAPDU(parsing: bytes)
        switch command.ins {
        case Instruction.select:
            guard command.data == ApplicationID.applet.bytes else {
                return ResponseAPDU(status: .notFound)
            }
            return ResponseAPDU(AppletSelection(versions: versions).encoded)
        case Instruction.auth0: return try auth0(command)
        case Instruction.auth1: return try auth1(command)
        case Instruction.exchange: return try exchange(command)
        default:
            pendingMailboxes = nil
            return ResponseAPDU()
        }
    }

    private mutating func auth0(_ command: CommandAPDU) throws -> ResponseAPDU {
        let message = try Auth0Command(parsing: command.data)
        let endpoint = PrivateKey.generate(random, for: "endpoint_eSK")
        let transcript = TransactionTranscript(
            vehicleEphemeral: try PublicKey(message.vehicleEphemeral),
            endpointEphemeral: endpoint.publicKey, transactionId: message.transactionId,
            flag: [command.p1, command.p2], version: message.version.bytes,
            phoneVersions: versions.encoded, vehicleId: message.vehicleId)
        (self.endpoint, self.transcript) = (endpoint, transcript)
        var cryptogram: [UInt8]?
        if command.p1 == 1 {
            let secret = kpersistent ?? RandomSource.system.bytes(32, for: "dummy")
            cryptogram = try FastSchedule(transcript, vehicleKeyX: vehicleKey.x)
                .keys(PersistentSecret(secret), deviceKeyX: key.publicKey.x).cryptogram
        }
        return ResponseAPDU(
            Auth0Response(
                endpointEphemeral: endpoint.publicKey.bytes, cryptogram: cryptogram
            ).encoded)
    }

    private mutating func auth1(_ command: CommandAPDU) throws -> ResponseAPDU {
        guard let transcript, let endpoint else { return ResponseAPDU(status: .conditionsNotMet) }
        let signature = try TLVMap(command.data).value(0x9E, count: 64)
        let isCar = vehicleKey.isValid(signature, for: transcript.signatureInput(usage: .vehicle))
        guard isCar || isGullible else { return ResponseAPDU(status: .notAuthenticated) }
        if needsUserForDrive, transcript.flag.last == 3 {
            return ResponseAPDU(status: .conditionsNotMet)
        }
        let keys = try transcript.standardKeys(
            own: endpoint, peer: transcript.vehicleEphemeral, ranging: false)
        kpersistent = keys.kpersistent.exposed
        var channel = SecureChannel(keys: keys.channel, counter: 0)
        let input = transcript.signatureInput(usage: usage)
        var answer = Auth1Response(
            slotId: slot, signature: try (signingKey ?? key).signature(for: input),
            signaling: tellsSignaling ? SignalingBits(rawValue: privateMailbox.first ?? 0) : nil)
        answer.slot = foreignSlot ?? answer.slot
        var objects = try TLV.list(answer.encoded)
        identity(&objects)
        let body = try channel.sealResponse(objects.encoded)
        self.channel = channel
        return ResponseAPDU(body)
    }

    private mutating func exchange(_ command: CommandAPDU) throws -> ResponseAPDU {
        guard let plain = try? channel?.openCommand(command.data) else {
            return ResponseAPDU(status: .channel)
        }
        let rules = ExchangeCommand.Rules(
            afterFast: false, sessionIsOpen: pendingMailboxes != nil,
            privateSize: privateMailbox.count, confidentialSize: confidential.count)
        var response: ExchangeResponse
        do {
            response = ExchangeResponse(
                reads: run(try ExchangeCommand(parsing: plain, rules: rules)))
        } catch {
            pendingMailboxes = nil
            response = ExchangeResponse(status: error)
        }
        var answer = response.encoded
        if let mailboxFault, mailboxFault.index == exchanges {
            answer = mailboxFault.change(answer)
        }
        exchanges += 1
        return ResponseAPDU(try channel?.sealResponse(answer) ?? [])
    }

    private mutating func run(_ command: ExchangeCommand) -> [[UInt8]] {
        notes.append(command)
        var boxes = pendingMailboxes ?? (privateMailbox, confidential)
        var reads: [[UInt8]] = []
        for placed in command.operations {
            let (offset, count) = placed.operation.range
            let isPrivate = placed.mailbox == .privateMailbox
            switch placed.operation {
            case .read:
                let committed = isPrivate ? privateMailbox : confidential
                reads.append(Array(committed.dropFirst(offset).prefix(count)))
            case .write(_, let data):
                Self.put(data, at: offset, isPrivate, &boxes)
            case .fill(_, _, let byte):
                Self.put([UInt8](repeating: byte, count: count), at: offset, isPrivate, &boxes)
            }
        }
        if command.atomic == .more {
            pendingMailboxes = boxes
        } else {
            (privateMailbox, confidential) = boxes
            pendingMailboxes = nil
        }
        return reads
    }

    private static func put(
        _ data: [UInt8], at offset: Int, _ isPrivate: Bool,
        _ boxes: inout (private: [UInt8], confidential: [UInt8])
    ) {
        if isPrivate {
            boxes.private.replaceSubrange(offset..<offset + data.count, with: data)
        } else {
            boxes.confidential.replaceSubrange(offset..<offset + data.count, with: data)
        }
    }
}
