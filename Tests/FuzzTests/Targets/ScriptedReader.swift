// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol

@testable import VirtualPhone

/// A car that does to a phone what the input says, in any order: it knows its own keys and the
/// password, so what it sends can be right, wrong, or right at the wrong moment.
///
/// `phone(1)`, then `{ action(1) ... }*`: the low five bits say what, the high ones how the wire
/// changes it.
struct ScriptedReader {
    var input: FuzzInput
    var phone: PhoneCard
    let record: VehicleRecord
    private let isPairing: Bool
    private var now = FuzzWorld.noon
    let random = FuzzRandom(seed: "reader").source
    private var transcript: TransactionTranscript?
    private var ephemeral: PrivateKey?
    private var fast: SecureChannel?
    var channel: SecureChannel?
    var responder: SPAKE2Plus.Responder?
    var requestsLeft = 2
    /// Whether the command under way is protected by keys only car and phone have, and unchanged.
    private var isGenuine = false
    /// Whether the last command, and AUTH0, arrived as they were sent.
    private var arrived = true
    private var auth0Arrived = true

    init(_ bytes: [UInt8]) {
        input = FuzzInput(bytes)
        let world = FuzzWorld.shared
        switch input.byte() % 4 {
        case 0: (phone, record, isPairing) = (world.newPhone, world.newCar, true)
        case 1: (phone, record, isPairing) = (world.owner, world.car, false)
        case 2: (phone, record, isPairing) = (world.seenFriend, world.sharedCar, false)
        default: (phone, record, isPairing) = (world.stranger, world.car, false)
        }
    }

    mutating func run() throws {
        let keys = phone.element.keyIds
        var steps = 0
        while !input.isAtEnd, steps < 100 {
            steps += 1
            try step(input.byte())
        }
        phone.fieldLost()
        phone.timePassed(until: now.adding(seconds: 3600))
        try require(!phone.isPairing, "a pairing that never ends")
        for key in phone.element.keyIds where phone.element.phase(of: key) == .creating {
            throw FuzzFailure("a half-made key")
        }
        try require(phone.state.keys.map(\.id) == phone.element.keyIds, "wallet and element differ")
        let saved = try JSONEncoder().encode(phone.snapshot)
        let read = try JSONDecoder().decode(PhoneCard.Snapshot.self, from: saved)
        try require(
            PhoneCard(snapshot: read, random: random).snapshot == phone.snapshot,
            "a phone that was saved is another one")
        try require(phone.element.keyIds.starts(with: keys), "a key is lost")
        guard !isPairing, !keys.isEmpty else { return }
        phone.conditions = PhoneConditions()
        var record = record
        let outcome = try FuzzWorld.tap(&record, &phone, .transaction(.unlock))
        try require(outcome.result == .unlocked(.all), "the key does not open: \(outcome)")
    }

    mutating func step(_ action: UInt8) throws {
        switch action & 0x1F {
        case 0: _ = try send(input.piece(), action)
        case 1: _ = try send(ApplicationID.framework.select.encoded, action)
        case 2: _ = try send(ApplicationID.applet.select.encoded, action)
        case 3: try auth0(action)
        case 4: try auth1(action)
        case 5: try exchange(input.piece(), action)
        case 6: try exchange(operations(), action)
        case 7:
            _ = try send(
                CommandAPDU(
                    cla: 0x80, ins: Instruction.controlFlow, p1: input.byte(), p2: input.byte()
                ).encoded, action)
        case 8: try request(action)
        case 9: try verify(action)
        case 10: try writeData(input.piece(), p1: input.byte(), action)
        case 11: try writeBatch(action)
        case 12: try getData(action)
        case 13:
            try? channel?.passCommand()
            let command = CommandAPDU(cla: 0x00, ins: Instruction.getResponse)
            open(try send(command.encoded, action))
        case 14: loseField()
        case 15:
            phone = PhoneCard(snapshot: phone.snapshot, random: random)
            forget()
        case 16: now = now.adding(seconds: 8 * Int64(input.byte()))
        case 17:
            let flags = input.byte()
            phone.conditions = PhoneConditions(
                isUnlocked: flags & 1 != 0, expressMode: flags & 2 == 0,
                frameworkRuns: flags & 4 == 0, appletRuns: flags & 8 == 0)
        case 18: phone.pendingPolls = Int(input.byte() % 4)
        case 19: _ = phone.takeEvents()
        case 20: try pair()
        default: phone.timePassed(until: now)
        }
    }

    /// The wire, and what must hold for every command.
    mutating func send(_ command: [UInt8], _ action: UInt8) throws -> ResponseAPDU {
        let sent = input.changed(command, by: action)
        arrived = sent == command
        let isGenuine = self.isGenuine && arrived
        self.isGenuine = false
        let before = phone.snapshot.secureElement
        let answer = phone.respond(to: sent, at: now)
        guard let response = try? ResponseAPDU(parsing: answer) else {
            throw FuzzFailure("an answer of \(answer.count) bytes")
        }
        let isGood = response.status == .done || response.status.hasMoreData
        try require(isGood || response.body.isEmpty, "a refusal with a body")
        let after = phone.snapshot.secureElement
        for endpoint in before.endpoints where endpoint.phase == .active {
            guard let left = after.endpoints.first(where: { $0.keyId == endpoint.keyId }) else {
                throw FuzzFailure("a key is gone")
            }
            try require(
                isGenuine || left.mailboxes == endpoint.mailboxes, "a stranger wrote a mailbox")
        }
        try require(
            isGenuine || before.persistentKeys == after.persistentKeys,
            "a stranger replaced a secret")
        return response
    }

    // MARK: - Transactions

    private mutating func auth0(_ action: UInt8) throws {
        let choice = input.byte()
        let codes = TransactionCode.allCases
        let key = PrivateKey.generate(random, for: "vehicle_eSK")
        let version: ProtocolVersion = choice & 2 == 0 ? .v0200 : .v0100
        let identifier =
            choice & 4 == 0
            ? FuzzKeys.vehicleId : .init(uncheckedBytes: .init(repeating: 1, count: 8))
        let id = random.bytes(16, for: "transaction_identifier")
        let command = Auth0Command(
            version: version, vehicleEphemeral: key.publicKey.bytes, transactionId: id,
            vehicleId: identifier
        ).command(fast: choice & 1 != 0, codes[Int(choice >> 3) % codes.count])
        let response = try send(command.encoded, action)
        auth0Arrived = arrived
        forget()
        guard let answer = try? Auth0Response(parsing: response.body),
            let peer = try? PublicKey(answer.endpointEphemeral)
        else { return }
        let transcript = TransactionTranscript(
            vehicleEphemeral: key.publicKey, endpointEphemeral: peer, transactionId: id,
            flag: [command.p1, command.p2], version: version.bytes,
            phoneVersions: [ProtocolVersion.v0200, .v0100].encoded, vehicleId: identifier)
        (self.transcript, ephemeral) = (transcript, key)
        guard let known = record.keys.first, let secret = known.kpersistent,
            let keys = try? FastSchedule(transcript, vehicleKeyX: FuzzKeys.car.publicKey.x)
                .keys(secret, deviceKeyX: known.publicKey.x)
        else { return }
        fast = SecureChannel(keys: keys.channel)
    }

    private mutating func auth1(_ action: UInt8) throws {
        guard let transcript, let ephemeral else { return }
        let input = transcript.signatureInput(usage: .vehicle)
        isGenuine = true
        let signature = try FuzzKeys.car.signature(for: input)
        let response = try send(Auth1Response.command(signature: signature).encoded, action)
        guard response.status == .done,
            let derived = try? transcript.standardKeys(
                own: ephemeral, peer: transcript.endpointEphemeral, ranging: false)
        else { return }
        var channel = SecureChannel(keys: derived.channel, counter: 0)
        guard let plain = try? channel.openResponse(response.body) else {
            // P1, P2 and the version are in the keys alone, not under the signature (PROTOCOL 8.3, 8.4).
            return try require(!auth0Arrived, "the answer to AUTH1 does not open")
        }
        guard let answer = try? Auth1Response(parsing: plain) else {
            throw FuzzFailure("the answer to AUTH1 is malformed")
        }
        let proof = transcript.signatureInput(usage: .endpoint)
        let keys = phone.element.keyIds.compactMap { try? phone.element.publicKey(of: $0) }
        try require(
            keys.contains { $0.isValid(answer.signature, for: proof) }, "a proof by no key")
        (self.channel, fast) = (channel, nil)
    }

    private mutating func exchange(_ plain: [UInt8], _ action: UInt8) throws {
        open(try sendSealed(CommandAPDU(cla: 0x84, ins: Instruction.exchange), plain, action))
    }

    /// Operations that are well formed, wherever they reach.
    private mutating func operations() -> [UInt8] {
        let flags = input.byte()
        let placed = (0..<flags % 5).map { _ -> ExchangeCommand.Placed in
            let kind = input.byte()
            let offset = UInt16(input.byte()) << 4 | UInt16(input.byte() & 0x0F)
            let operation: MailboxOperation =
                switch kind % 3 {
                case 0: .read(offset: offset, length: UInt16(input.byte()))
                case 1: .write(offset: offset, data: input.piece())
                default: .fill(offset: offset, length: UInt16(input.byte()), byte: input.byte())
                }
            return .init(kind & 0x80 == 0 ? .privateMailbox : .confidential, operation)
        }
        let atomic: ExchangeCommand.Atomic? =
            flags & 0x10 == 0 ? nil : flags & 0x20 == 0 ? .last : .more
        return ExchangeCommand(
            atomic: atomic, placed, notification: flags & 0x40 == 0 ? nil : input.piece()
        ).encoded
    }

    // MARK: - The channel

    mutating func sendSealed(
        _ command: CommandAPDU, _ plain: [UInt8], _ action: UInt8
    ) throws -> ResponseAPDU {
        var command = command
        if channel == nil { channel = fast }
        if let sealed = try? channel?.sealCommand(plain) {
            command.data = sealed
            isGenuine = true
        } else {
            command.data = plain
        }
        return try send(command.encoded, action)
    }

    mutating func open(_ response: ResponseAPDU) {
        guard (try? channel?.openResponse(response.body)) != nil else {
            channel = nil
            return
        }
    }

    private mutating func loseField() {
        phone.fieldLost()
        transcript = nil
    }

    mutating func forget() {
        (transcript, ephemeral, fast, channel) = (nil, nil, nil, nil)
    }
}
