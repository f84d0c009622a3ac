// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit
import Testing

@testable import VirtualPhone

/// What the phone itself said, what was said to it before, and what was said for something else: none of
/// it proves a car (PROTOCOL 5, 8.3, 12.1).
@Suite("Reflected and recorded words do not prove a car")
struct ReflectionTests {
    let world: TestWorld

    init() throws { world = try TestWorld() }

    // MARK: - The phone's own words

    @Test func `the phone's X is not the car's Y, and its M2 not the car's M1`() throws {
        var car = try RawCar(world)
        let share = { (answer: ResponseAPDU) throws in
            try TLVMap(answer.body).value(0x50, count: 65)
        }
        func verify(_ share: [UInt8], _ evidence: [UInt8]) -> StatusWord {
            let data = [TLV(0x52, share), TLV(0x57, evidence)].encoded
            return car.send(
                CommandAPDU(cla: 0x80, ins: Instruction.spakeVerify, data: data)
            ).status
        }
        // An attempt that went well, as a listener has it.
        let (Y, M2) = try car.openChannel()
        let first = try share(car.send(car.request.command))
        #expect(verify(first, [UInt8](repeating: 0, count: 16)) == .wrongEvidence)
        _ = car.send(car.request.command)
        #expect(verify(Y, M2) == .wrongEvidence)
        let third = try share(car.send(car.request.command))
        #expect(verify(third, M2) == .wrongEvidence)
        #expect(car.phone.state.pairing?.failures == 3)
        #expect(!car.phone.isPairing)
    }

    /// An owner's phone after AUTH0, and what vehicle_sig must be over.
    private func opened(
        ephemeral: PublicKey
    ) throws -> (PhoneCard, TransactionTranscript) {
        var (phone, _) = try world.owner()
        _ = phone.respond(to: ApplicationID.applet.select.encoded, at: TestWorld.noon)
        let command = Auth0Command(
            version: .v0200, vehicleEphemeral: ephemeral.bytes, transactionId: [UInt8](1...16),
            vehicleId: world.vehicleId)
        let answer = phone.respond(
            to: command.command(fast: false, .unlock).encoded, at: TestWorld.noon)
        let point = try Auth0Response(parsing: Array(answer.dropLast(2))).endpointEphemeral
        return (
            phone,
            TransactionTranscript(
                vehicleEphemeral: ephemeral, endpointEphemeral: try PublicKey(point),
                transactionId: command.transactionId, flag: [0x00, 0x01], version: [2, 0],
                phoneVersions: [], vehicleId: world.vehicleId)
        )
    }

    private func auth1(_ phone: PhoneCard, _ signature: [UInt8]) -> [UInt8] {
        var phone = phone
        let command = Auth1Response.command(signature: signature)
        return phone.respond(to: command.encoded, at: TestWorld.noon)
    }

    @Test(arguments: SignatureUsage.allCases)
    func `vehicle_sig stands for the vehicle in AUTH1 and for nothing else`(
        usage: SignatureUsage
    ) throws {
        let ephemeral = PrivateKey.generate(world.random, for: "vehicle_eSK").publicKey
        let (phone, transcript) = try opened(ephemeral: ephemeral)
        let input = transcript.signatureInput(usage: usage)
        let owner = try #require(phone.element.state.endpoints.first).privateKey
        // The phone's own key with the phone's own usage: endpoint_sig, returned as vehicle_sig.
        for (signer, key) in [("the car", world.vehicle), ("the phone", owner)] {
            let answer = auth1(phone, try key.signature(for: input))
            let isGood = usage == .vehicle && signer == "the car"
            #expect(answer.suffix(2) == (isGood ? [0x90, 0x00] : [0x69, 0x82]), "\(signer)")
            #expect(answer.count == 2 || isGood)
        }
    }

    @Test func `low s is not asked for: the twin of vehicle_sig is as good`() throws {
        let ephemeral = PrivateKey.generate(world.random, for: "vehicle_eSK").publicKey
        let (phone, transcript) = try opened(ephemeral: ephemeral)
        let signature = try world.vehicle.signature(
            for: transcript.signatureInput(usage: .vehicle))
        #expect(auth1(phone, signatureTwin(signature)).suffix(2) == [0x90, 0x00])
    }

    @Test func `the phone's ephemeral key of before, returned as the car's, opens nothing`() throws
    {
        let ephemeral = PrivateKey.generate(world.random, for: "vehicle_eSK").publicKey
        let (_, former) = try opened(ephemeral: ephemeral)
        let signature = try world.vehicle.signature(for: former.signatureInput(usage: .vehicle))
        // Nobody has signed for it, and what was signed before is not over this transaction.
        let (phone, transcript) = try opened(ephemeral: former.endpointEphemeral)
        #expect(auth1(phone, signature) == [0x69, 0x82])
        #expect(transcript.endpointEphemeral != former.vehicleEphemeral)
    }

    // MARK: - What a signature stands for

    @Test(arguments: SignatureUsage.allCases)
    func `orders and proofs signed for another use are refused`(usage: SignatureUsage) throws {
        var (alice, owner) = try world.owner()
        let command = ServerCommandBody(
            action: .suspend, vehicleId: world.vehicleId, keyId: owner, time: TestWorld.noon,
            serverKeyId: world.server.publicKey.keyId, requestId: [UInt8](1...16))
        let order = try ServerCommand(
            body: command,
            signature: world.server.signature(for: usage.tagged + command.encoded))
        if usage == .serverCommand {
            _ = try alice.carryOut(order, at: TestWorld.noon)
            #expect(alice.element.phase(of: owner) == .suspended)
            try alice.resumeKey(owner)
        } else {
            #expect(throws: PhoneError.object(.signature)) {
                try alice.carryOut(order, at: TestWorld.noon)
            }
        }
        // encSig of the friend, under the owner's eyes.
        var bob = try world.phone("bob")
        let request = try alice.share(owner, world.offer())
        var signing = try bob.accept(request, at: TestWorld.noon)
        let key = try #require(bob.element.state.endpoints.first).privateKey
        let proof = EncryptionKeyProof(
            vehicleId: request.vehicleId, slotId: request.slotId,
            encryptionPK: signing.encryptionPK
        ).signatureInput.dropFirst(SignatureUsage.encryptionKeyProof.tagged.count)
        signing.encryptionSignature = try key.signature(for: usage.tagged + proof)
        let slot = request.slotId
        if usage == .encryptionKeyProof {
            _ = try alice.sign(signing, slot: slot, of: owner, at: TestWorld.noon)
        } else {
            #expect(throws: PhoneError.object(.signature)) {
                try alice.sign(signing, slot: slot, of: owner, at: TestWorld.noon)
            }
        }
    }

    // MARK: - What was recorded

    @Test(arguments: ["standard", "fast", "first friend transaction", "refill", "lock"])
    func `a recorded car moves nothing in the phone it was recorded with`(name: String) throws {
        let flow = try Flow.named(name)
        var tap = try flow.conversation()
        try tap.run()
        #expect(tap.outcome?.isSuccess == true)
        // The phone as it was before, and as it is now.
        for before in [flow.phone, tap.phone] {
            var phone = before
            _ = phone.takeEvents()
            let answers = tap.commands.map {
                Array(phone.respond(to: $0, at: TestWorld.noon).suffix(2)).hex
            }
            let expected = tap.commands.map { command in
                switch command[1] {
                case Instruction.auth1: "6982"
                case Instruction.exchange: "6985"
                default: "9000"
                }
            }
            #expect(answers == expected)
            phone.fieldLost()
            #expect(phone.snapshot == before.snapshot)
            let proven = phone.takeEvents().contains {
                if case .transaction = $0 { true } else { false }
            }
            #expect(!proven)
        }
    }

    @Test func `an EXCHANGE heard again, or of another transaction, is 6988 and ends this one`()
        throws
    {
        let flow = try Flow.named("standard")
        var first = try flow.conversation()
        try first.run()
        let recorded = try #require(first.commands.first { $0[1] == Instruction.exchange })
        var second = try Conversation(
            first.record, first.phone, .dashboard, at: TestWorld.noon, random: world.random)
        while let command = second.command, command[1] != Instruction.exchange { second.advance() }
        let genuine = try #require(second.command)
        let rows = [("of before", [recorded]), ("twice", [genuine, genuine])]
        for (row, commands) in rows {
            var phone = second.phone
            let answers = (commands + [genuine]).map {
                phone.respond(to: $0, at: TestWorld.noon)
            }
            #expect(answers.dropLast().last?.hex == "6988", "\(row)")
            #expect(answers.last?.hex == "6985", "\(row)")
            #expect(answers.dropLast(2).allSatisfy { $0.suffix(2) == [0x90, 0x00] }, "\(row)")
        }
    }

    @Test func `a recorded pairing ends at the evidence, and is an attempt`() throws {
        let flow = try Flow.named("owner pairing")
        var tap = try flow.conversation()
        try tap.run()
        var phone = flow.phone
        let answers = tap.commands.map {
            Array(phone.respond(to: $0, at: TestWorld.noon).suffix(2)).hex
        }
        #expect(answers.prefix(4) == ["9000", "9000", "6a88", "6985"])
        #expect(phone.state.pairing?.failures == 1 && phone.element.keyIds.isEmpty)
    }
}
