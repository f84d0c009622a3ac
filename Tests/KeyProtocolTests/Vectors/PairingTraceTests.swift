// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit
import Testing

/// The car plays its part of the pairing trace against a phone made of the trace's secrets.
struct PairingTraceTests {
    @Test func `the car sends every command of the trace`() throws {
        for vector in try Vectors.file("pairing-trace").cases {
            var trace = try PairingTrace(vector)
            let random = try ScriptedRandom(vector.inputs.list("randomDraws"))
            var record = try trace.record()
            for (purpose, isFast) in trace.visits {
                if !isFast { record.forgetFastSecrets() }
                let session = ReaderSession(
                    record: record, purpose: purpose, random: random.source)
                let run = drive(session, with: &trace.phone, at: trace.now)
                record = run.stored
                if purpose == .pairing { #expect(run.outcome?.result == .paired, "\(run.events)") }
            }
            try trace.compare()
            let owner = try #require(record.owner)
            #expect(try owner.publicKey.bytes == vector.outputs.hex("devicePK"))
            #expect(try owner.slotId.bytes == vector.outputs.hex("slotId"))
            #expect(try owner.kpersistent?.exposed == vector.outputs.hex("kpersistentAfter"))
            #expect(try owner.longTermSharedSecret?.exposed == vector.intermediate.hex("LTSS"))
            let mailbox = try vector.outputs.hex("privateMailboxStart")
            #expect(trace.phone.applet.privateMailbox.starts(with: mailbox))
            #expect(
                try trace.phone.applet.confidential == vector.outputs.hex("confidentialMailbox"))
            #expect(record.pairing == nil && record.pending == nil)
        }
    }
}

/// One case of pairing-trace.json: its phone, its car, and what must be sent.
struct PairingTrace {
    let vector: VectorCase
    let now: Instant
    var phone: TestFramework
    private let expected: [(note: String, command: [UInt8], response: [UInt8])]
    private let creation: EndpointCreationData
    private let mapping: MailboxMapping
    private let device: DeviceConfiguration

    init(_ vector: VectorCase) throws {
        self.vector = vector
        let inputs = vector.inputs
        now = try #require(Instant(generalizedTime: inputs.text("now")))
        expected = try vector.outputs.list("apdus").compactMap { apdu in
            guard let command = try apdu.optional("command")?.hex() else { return nil }
            return (try apdu.text("note"), command, try apdu.hex("response"))
        }
        phone = try Self.phone(vector)
        // What the car writes is only in the trace: let a second phone of the same secrets read it.
        var reader = try Self.phone(vector)
        for apdu in expected.prefix(while: { $0.command.prefix(3) != [0x80, 0x3C, 0x01] }) {
            _ = reader.respond(to: apdu.command)
        }
        let batch = try TLVMap(reader.batch)
        creation = try EndpointCreationData(parsing: batch.value(0x7F4A))
        mapping = try MailboxMapping(parsing: batch.value(0x7F4D))
        device = try DeviceConfiguration(parsing: batch.value(0x7F4E))
    }

    static func phone(_ vector: VectorCase) throws -> TestFramework {
        let inputs = vector.inputs
        let random = try ScriptedRandom(inputs.list("randomDraws")).source
        let versions = try ProtocolVersion.list(inputs.hex("phoneVersions"))
        let vehicle = try PrivateKey(scalar: inputs.hex("vehicleSK"))
        var applet = TestApplet(vehicleKey: vehicle.publicKey)
        applet.key = try PrivateKey(scalar: inputs.hex("endpointSK"))
        applet.slot = try SlotID(vector.outputs.hex("slotId"))
        applet.versions = versions
        applet.random = random
        let cost = try SPAKE2Plus.Cost(
            n: UInt32(inputs.integer("N")), r: UInt16(inputs.integer("r")),
            p: UInt16(inputs.integer("p")))
        var phone = TestFramework(
            scalars: try SPAKE2Plus.scalars(
                password: inputs.text("password"), salt: inputs.hex("salt"), cost: cost),
            random: random, versions: versions,
            certificates: try ["F", "E", "H"].map { try inputs.hex($0) }, applet: applet)
        phone.pendingPolls = try inputs.integer("pendingPolls")
        return phone
    }

    func record() throws -> VehicleRecord {
        let inputs = vector.inputs
        let intermediate = try inputs.hex("intermediate")
        let identity = try VehicleIdentity(
            vehicleId: VehicleID(inputs.hex("vehicleId")), privateKey: inputs.hex("vehicleSK"),
            certificate: inputs.hex("K"), intermediate: intermediate.isEmpty ? nil : intermediate,
            automakerKey: PublicKey(inputs.hex("jPK")), receiptKey: PublicKey(inputs.hex("jPK")),
            immobilizerKey: inputs.hex("K_immo"), brand: [0xFF, 0xFF],
            versions: ProtocolVersion.list(inputs.hex("carVersions")))
        var record = VehicleRecord(
            identity: identity,
            configuration: VehicleConfiguration(
                options: creation.options, mapping: mapping, device: device,
                ownerNotBefore: creation.notBefore, ownerNotAfter: creation.notAfter,
                furtherAuthorizedKeys: Array(creation.authorizedKeys.dropFirst()),
                accountInfoHash: creation.accountInfoHash))
        record.apply(
            pairing: PairingMode(
                id: "pairing", expiresAt: now.adding(seconds: 1800), w0: try inputs.hex("w0"),
                L: try inputs.hex("L"), salt: try inputs.hex("salt"),
                N: UInt32(try inputs.integer("N")), r: UInt16(try inputs.integer("r")),
                p: UInt16(try inputs.integer("p"))))
        return record
    }

    /// Pairing, then one session per further AUTH0 and whether it asks for the fast transaction.
    var visits: [(purpose: ReaderSession.Purpose, isFast: Bool)] {
        let starts = expected.map(\.command).filter { $0.prefix(2) == [0x80, 0x80] }
        return [(.pairing, false)]
            + starts.compactMap { command in
                TransactionCode(rawValue: command[3]).flatMap {
                    $0 == .pairing ? nil : (.transaction($0), command[2] == 1)
                }
            }
    }

    /// Byte for byte, but for what is the car's own affair: the nonces of its two signatures, what it
    /// states (5F5A), and how it divides its visit to the mailboxes, whose content is compared.
    func compare() throws {
        let sent = phone.log.filter { !isExchange($0.command) }
        let wanted = expected.filter { !isExchange($0.command) }
        try #require(sent.count == wanted.count)
        let vehicle = try PrivateKey(scalar: vector.inputs.hex("vehicleSK")).publicKey
        for (actual, apdu) in zip(sent, wanted) {
            if apdu.command.prefix(2) == [0x80, 0x81] {
                #expect(actual.command.prefix(7) == apdu.command.prefix(7))
            } else if isStatement(actual.command) {
                #expect(actual.command.prefix(4) == apdu.command.prefix(4))
                #expect(actual.response.count == apdu.response.count)
            } else {
                #expect(actual.command == apdu.command, "\(apdu.note)")
            }
        }
        let statement = try VehicleStatement(
            parsing: TLVMap(phone.statement).value(0x5F5A))
        #expect(statement.isSigned(by: vehicle))
        #expect(try statement.slotId.bytes == vector.outputs.hex("slotId"))
        #expect(statement.time == now)
    }

    private func isExchange(_ command: [UInt8]) -> Bool {
        command.prefix(2) == [0x84, Instruction.exchange]
    }

    /// The last WRITE DATA with content carries the signed statement.
    private func isStatement(_ command: [UInt8]) -> Bool {
        let last = phone.log.lastIndex { $0.command.prefix(3) == [0x84, 0xD4, 0x80] }
        return last.map { phone.log[$0].command == command } ?? false
    }
}

extension VehicleRecord {
    /// A car without any Kpersistent asks for the standard transaction (PROTOCOL 8.10).
    mutating func forgetFastSecrets() {
        for index in keys.indices { keys[index].kpersistent = nil }
    }
}
