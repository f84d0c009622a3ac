// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit
import Testing

/// The car plays its part of the sharing trace, and refuses each of its bad packages.
struct FriendTraceTests {
    @Test func `the car sends every command of the trace`() throws {
        for vector in try Vectors.file("friend-trace").cases {
            let trace = try FriendTrace(vector)
            var record = try trace.record()
            var friend = try trace.friend()
            let random = try ScriptedRandom(vector.inputs.list("randomDraws"))
            var commands: [[UInt8]] = []
            for (purpose, isFast, result) in try trace.visits {
                if !isFast { record.forgetFastSecrets() }
                let session = ReaderSession(
                    record: record, purpose: purpose,
                    activationCode: try vector.inputs.text("activationCode"),
                    random: random.source)
                let run = drive(session, with: &friend, at: trace.now)
                record = run.stored
                commands += run.commands
                #expect(try run.controlFlow == result.text("cf").lowercased())
                #expect(try run.outcome?.slotId?.bytes == result.hex("slot"))
                #expect(try run.outcome?.transaction?.short == result.text("via"))
            }
            try trace.compare(commands)
            for (slot, state) in try trace.states("carSlotStatesAfter", of: vector.outputs) {
                #expect(record.slots.state(of: slot) == state, "\(slot)")
            }
            let key = try #require(record.key(at: friend.slot))
            #expect(try key.kpersistent?.exposed == vector.outputs.hex("kpersistentAfter"))
            #expect(friend.privateMailbox.first == 0)
            let package = Int(record.configuration.mapping.package)
            #expect(friend.privateMailbox.dropFirst(package).prefix(2) == [0, 0])
        }
    }

    @Test func `bad packages are refused with their hint`() throws {
        let file = try Vectors.file("friend-trace")
        let trace = try FriendTrace(try #require(file.cases.first))
        for negative in try file.negatives {
            let input = negative.input
            let state: SlotState = try #require(SlotState(rawValue: input.text("slotState")))
            var record = try trace.record(state: state)
            if try input.text("slotState") == "retired" { record.retire([try trace.slot]) }
            var friend = try trace.friend()
            let package = try input.hex("package")
            let start = Int(record.configuration.mapping.package)
            friend.privateMailbox.replaceSubrange(start..<start + package.count, with: package)
            let code = try #require(TransactionCode(rawValue: UInt8(input.integer("action"))))
            let activation = try input.text("activationCode")
            let session = ReaderSession(
                record: record, purpose: .transaction(code),
                activationCode: activation.isEmpty ? nil : activation, random: .system)
            let now = try #require(Instant(generalizedTime: input.text("now")))
            let run = drive(session, with: &friend, at: now)
            #expect(
                run.controlFlow == negative.expect.dropFirst(3).lowercased(), "\(negative.name)")
        }
    }
}

/// One case of friend-trace.json.
struct FriendTrace {
    let vector: VectorCase
    let now: Instant

    init(_ vector: VectorCase) throws {
        self.vector = vector
        now = try #require(Instant(generalizedTime: vector.inputs.text("now")))
    }

    private var request: KeyCreationRequest {
        get throws {
            try KeyCreationRequest(parsing: vector.intermediate.hex("keyCreationRequest"))
        }
    }

    var attestation: Attestation {
        get throws { try Attestation(parsing: vector.intermediate.hex("attestation")) }
    }

    var slot: SlotID { get throws { try attestation.slotId } }

    func states(_ name: String, of value: VectorValue) throws -> [SlotID: SlotState] {
        let object = try value.member(name)
        return try Dictionary(
            uniqueKeysWithValues: object.names.map {
                (try SlotID(hex: $0), try #require(SlotState(rawValue: object.text($0))))
            })
    }

    func record(state: SlotState? = nil) throws -> VehicleRecord {
        let inputs = vector.inputs
        let identity = try VehicleIdentity(
            vehicleId: VehicleID(inputs.hex("vehicleId")), privateKey: inputs.hex("vehicleSK"),
            certificate: inputs.hex("K"), intermediate: nil,
            automakerKey: PublicKey(inputs.hex("jPK")), receiptKey: PublicKey(inputs.hex("jPK")),
            immobilizerKey: inputs.hex("K_immo"),
            versions: ProtocolVersion.list(inputs.hex("carVersions")))
        var record = VehicleRecord(
            identity: identity,
            configuration: VehicleConfiguration(
                mapping: try MailboxMapping(parsing: request.mailboxMap),
                ownerNotBefore: Instant(secondsSinceEpoch: 0)))
        var states = try states("carSlotStatesBefore", of: inputs)
        if let state { states[try slot] = state }
        record.slots = SlotLedger(states)
        record.keys = [
            KeyRecord(
                slotId: try SlotID(inputs.hex("ownerSlot")),
                publicKey: try PublicKey(inputs.hex("ownerPK")), version: .v0200,
                config: KeyConfig(profile: .owner, notBefore: Instant(secondsSinceEpoch: 0)),
                longTermSharedSecret: SecretBytes(try inputs.hex("LTSS")))
        ]
        return record
    }

    func friend() throws -> TestApplet {
        let inputs = vector.inputs
        let vehicle = try PrivateKey(scalar: inputs.hex("vehicleSK"))
        var friend = TestApplet(vehicleKey: vehicle.publicKey)
        friend.key = try PrivateKey(scalar: inputs.hex("friendEndpointSK"))
        friend.slot = try slot
        friend.versions = try ProtocolVersion.list(inputs.hex("friendPhoneVersions"))
        friend.random = try ScriptedRandom(inputs.list("randomDraws")).source
        friend.privateMailbox = [UInt8](repeating: 0, count: try request.privateSize)
        friend.confidential = [UInt8](repeating: 0, count: try request.confidentialSize)
        let mailbox = try vector.intermediate.hex("friendPrivateMailboxBefore")
        friend.privateMailbox.replaceSubrange(0..<mailbox.count, with: mailbox)
        let token = try vector.intermediate.hex("token")
        friend.confidential.replaceSubrange(0..<token.count, with: token)
        return friend
    }

    /// One session per AUTH0, whether it asks for the fast transaction, and its expected result.
    var visits: [(ReaderSession.Purpose, isFast: Bool, VectorValue)] {
        get throws {
            let starts = try vector.outputs.list("apdus")
                .compactMap { try $0.optional("command")?.hex() }
                .filter { $0.prefix(2) == [0x80, 0x80] }
            let results = try ["firstResult", "secondResult"].map { try vector.outputs.member($0) }
            return try zip(starts, results).map { start, result in
                let code = try #require(TransactionCode(rawValue: start[3]))
                return (.transaction(code), start[2] == 1, result)
            }
        }
    }

    /// All but EXCHANGE, which a car divides as it likes: what it does to the mailbox is compared.
    func compare(_ commands: [[UInt8]]) throws {
        func isCompared(_ command: [UInt8]) -> Bool {
            command.prefix(2) != [0x84, Instruction.exchange]
        }
        let sent = commands.filter(isCompared)
        let expected = try vector.outputs.list("apdus").compactMap {
            try $0.optional("command")?.hex()
        }.filter(isCompared)
        try #require(sent.count == expected.count)
        for (actual, wanted) in zip(sent, expected) {
            if wanted.prefix(2) == [0x80, 0x81] {
                #expect(actual.prefix(7) == wanted.prefix(7))
            } else {
                #expect(actual == wanted)
            }
        }
    }
}

extension TransactionKind {
    /// As the traces write it.
    var short: String { self == .firstFriend ? "fft" : rawValue }
}
