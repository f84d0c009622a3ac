// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit
import Testing

/// The car's part of the transaction vectors: its commands, the answer it opens, what it refuses.
struct TransactionVectorTests {
    private static let versions = ["0200", "0100"]

    @Test(arguments: versions)
    func `a standard transaction runs as in the vectors`(version: String) throws {
        for vector in try Vectors.file("standard-\(version)").cases
        where try mayBeSent(vector.inputs) {
            let run = try standard(vector, changed: nil)
            let kpersistent = try vector.outputs.hex("Kpersistent")
            #expect(
                try run.commands.prefix(2) == [
                    vector.outputs.hex("select"), vector.outputs.hex("auth0"),
                ])
            let stored = run.stored.keys.first ?? run.stored.pending?.key
            #expect(stored?.kpersistent?.exposed == kpersistent, "\(vector.name)")
        }
    }

    @Test(arguments: versions)
    func `an answer to AUTH1 that was changed ends with 00 00`(version: String) throws {
        let file = try Vectors.file("standard-\(version)")
        for negative in try file.negatives
        where try negative.input.optional("check")?.text() == "auth1Response" {
            let vector = try file.cases[negative.input.integer("case")]
            guard try mayBeSent(vector.inputs, changed: negative.input) else { continue }
            let run = try standard(vector, changed: negative.input)
            #expect(run.controlFlow == "0000", "\(negative.name)")
            #expect(
                run.stored.keys.first?.kpersistent?.exposed
                    != (try vector.outputs.hex("Kpersistent")))
        }
    }

    @Test(arguments: versions)
    func `a fast transaction runs as in the vectors, also as the last of many keys`(
        version: String
    ) throws {
        for vector in try Vectors.file("fast-\(version)").cases
        where try vector.outputs.optional("auth0") != nil && mayBeSent(vector.inputs) {
            let inputs = vector.inputs
            var record = try record(inputs, slot: SlotID(generation: 0, position: 1))
            record.keys[0].kpersistent = PersistentSecret(try inputs.hex("Kpersistent"))
            for position in UInt8(2)...16 {
                var other = record.keys[0]
                other.slotId = SlotID(generation: 9, position: position)
                other.publicKey = PrivateKey.generate(.system, for: "other").publicKey
                other.kpersistent = PersistentSecret(RandomSource.system.bytes(32, for: "other"))
                record.keys.insert(other, at: 0)
            }
            let run = try run(
                record, vector, changed: nil, code: inputs.hex("flag")[1], answers: [])
            #expect(run.outcome?.transaction == .fast, "\(vector.name)")
            #expect(run.outcome?.slotId == SlotID(generation: 0, position: 1))
            #expect(try run.commands[1] == vector.outputs.hex("auth0"))
        }
    }

    /// Whether our car ever asks for this: no maintenance is fast, and over the stream it neither
    /// drives nor pairs. KeyCryptoTests has the keys of the others.
    private func mayBeSent(_ inputs: VectorValue, changed: VectorValue? = nil) throws -> Bool {
        let flag = try (changed?.optional("flag") ?? inputs.member("flag")).hex()
        guard let code = TransactionCode(rawValue: flag[1]) else { return false }
        let isWired = try interface(inputs, changed) == .wired
        return (flag[0] == 0 || code.wantsFast) && (!isWired || code.mayBeFast)
    }

    private func interface(_ inputs: VectorValue, _ changed: VectorValue?) throws -> Interface {
        let value = try changed?.optional("interface") ?? inputs.member("interface")
        return try #require(try value.hex().first.flatMap(Interface.init))
    }

    private func standard(_ vector: VectorCase, changed: VectorValue?) throws -> Run {
        let inputs = vector.inputs
        let flag = try (changed?.optional("flag") ?? inputs.member("flag")).hex()
        var record = try record(inputs, slot: SlotID(inputs.hex("slotId")))
        if flag[0] == 1 {
            record.keys[0].kpersistent = PersistentSecret([UInt8](repeating: 9, count: 32))
        }
        if flag[1] == 4 {
            record.pending = PendingKey(key: record.keys[0], pairingId: "p", since: .test)
            record.keys = []
        }
        let answer = try (changed ?? vector.outputs).hex("auth1Response")
        let list = try (changed?.optional("phoneVersions") ?? inputs.member("phoneVersions")).hex()
        let select = AppletSelection(versions: try ProtocolVersion.list(list)).encoded
        return try run(
            record, vector, changed: changed, code: flag[1], select: select + [0x90, 0x00],
            answers: [answer])
    }

    private func record(_ inputs: VectorValue, slot: SlotID) throws -> VehicleRecord {
        let jKey = PrivateKey.generate(.system, for: "J").publicKey
        let identity = try VehicleIdentity(
            vehicleId: VehicleID(inputs.hex("vehicleId")), privateKey: inputs.hex("vehicleSK"),
            certificate: [], intermediate: nil, automakerKey: jKey, receiptKey: jKey,
            immobilizerKey: [UInt8](repeating: 1, count: 32),
            versions: ProtocolVersion.list(inputs.hex("version")))
        let start = Instant(secondsSinceEpoch: 0)
        var record = VehicleRecord(
            identity: identity, configuration: VehicleConfiguration(ownerNotBefore: start))
        record.keys = [
            KeyRecord(
                slotId: slot,
                publicKey: try PrivateKey(scalar: inputs.hex("deviceSK")).publicKey,
                version: try ProtocolVersion(parsing: inputs.hex("version")),
                config: KeyConfig(profile: .owner, notBefore: start))
        ]
        return record
    }

    private func run(
        _ record: VehicleRecord, _ vector: VectorCase, changed: VectorValue?, code: UInt8,
        select: [UInt8]? = nil, answers: [[UInt8]]
    ) throws -> Run {
        let transactionId =
            try changed?.optional("transactionId") ?? vector.inputs.member("transactionId")
        let draws: [(name: String, value: [UInt8])] = [
            ("vehicle_eSK", try vector.inputs.hex("vehicleESK")),
            ("transaction_identifier", try transactionId.hex()),
        ]
        var phone = RecordedPhone(
            answers: [
                try select ?? vector.outputs.hex("selectResponse"),
                try vector.outputs.hex("auth0Response"),
            ] + answers)
        let session = ReaderSession(
            record: record,
            purpose: .transaction(try #require(TransactionCode(rawValue: code))),
            interface: try interface(vector.inputs, changed),
            random: ScriptedRandom(draws).source)
        return drive(session, with: &phone)
    }
}

/// Answers from a file, then silence.
struct RecordedPhone: TestPhone {
    var answers: [[UInt8]]

    mutating func respond(to command: [UInt8]) -> [UInt8]? {
        if command[1] == Instruction.controlFlow { return [0x90, 0x00] }
        return answers.isEmpty ? nil : answers.removeFirst()
    }

    mutating func fieldLost() {}
}
