// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit
import Testing

/// What the car itself said, what was said to it before, and what was said for something else: none of
/// it is an answer (PROTOCOL 5, 8.3, 12.1).
struct ReflectionTests {
    /// One session with a phone whose answers are changed.
    private func meet(
        _ record: VehicleRecord, _ phone: some TestPhone, _ purpose: ReaderSession.Purpose,
        code: String? = nil
    ) -> Run {
        var phone = phone
        return drive(
            ReaderSession(
                record: record, purpose: purpose, activationCode: code, random: .system),
            with: &phone)
    }

    // MARK: - The car's own words

    @Test func `the car's evidence M1 is not the phone's M2`() throws {
        let pairing = try TestPairing()
        let mirror = Tampered(pairing.phone) { command, answer in
            guard command.ins == Instruction.spakeVerify else { return answer }
            let evidence = (try? TLV.list(command.data))?[tag: 0x57] ?? []
            return TLV(0x58, evidence).encoded + [0x90, 0x00]
        }
        let run = meet(pairing.record, mirror, .pairing)
        #expect(run.controlFlow == "0009" && run.stored.pairing?.attempts == 1)
    }

    @Test func `the car's Y is not the phone's X, nor are the points everybody knows`() throws {
        let pairing = try TestPairing()
        let first = meet(pairing.record, pairing.phone, .pairing)
        let verify = try #require(first.commands.first { $0[1] == Instruction.spakeVerify })
        let Y = try TLVMap(CommandAPDU(parsing: verify).data).value(0x52)
        let vehicle = pairing.record.identity.publicKey.bytes
        // M of PROTOCOL 5.1: the share of somebody who has drawn 0 and guesses that w0 is 1.
        let M = try [UInt8](
            hex: "04886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f"
                + "5ff355163e43ce224e0b0e65ff02ac8e5c7be09419c785e0ca547d55a12e2d20")
        for (row, share) in [("Y", Y), ("vehicle.PK", vehicle), ("M", M)] {
            let mirror = Tampered(pairing.phone) { command, answer in
                command.ins == Instruction.spakeRequest
                    ? TLV(0x50, share).encoded + [0x90, 0x00] : answer
            }
            let run = meet(pairing.record, mirror, .pairing)
            #expect(run.controlFlow == "0009", "\(row)")
        }
    }

    @Test func `a Y that comes back before the password is proven counts as an attempt`() throws {
        let pairing = try TestPairing()
        var record = pairing.record
        var share: [UInt8]?
        for attempt in 1...Limits.pairingAttempts {
            let heard = share
            let mirror = Tampered(pairing.phone) { command, answer in
                switch command.ins {
                case Instruction.spakeRequest:
                    heard.map { TLV(0x50, $0).encoded + [0x90, 0x00] } ?? answer
                case Instruction.spakeVerify:
                    TLV(0x58, (try? TLV.list(command.data))?[tag: 0x57] ?? []).encoded + [
                        0x90, 0x00,
                    ]
                default: answer
                }
            }
            let run = meet(record, mirror, .pairing)
            record = run.stored
            let verify = try #require(run.commands.first { $0[1] == Instruction.spakeVerify })
            share = try TLVMap(CommandAPDU(parsing: verify).data).value(0x52)
            #expect(run.controlFlow == "0009" && record.pairing?.attempts == attempt)
        }
        #expect(meet(record, pairing.phone, .pairing).controlFlow == "000d")
    }

    @Test(arguments: [TransactionCode.unlock, .drive])
    func `the car's ephemeral key is not the phone's`(code: TransactionCode) throws {
        var car = try TestCar()
        // Fast where it can be: a cryptogram over another transcript matches no key.
        _ = try car.tapOwner(.unlock)
        car.owner.isGullible = true
        let mirror = Tampered(car.owner) { command, answer in
            guard command.ins == Instruction.auth0 else { return answer }
            let own = (try? TLV.list(command.data))?[tag: 0x87]
            return Damage.objects { $0[tag: 0x86] = own }(answer) ?? answer
        }
        let run = meet(car.record, mirror, .transaction(code))
        #expect(run.controlFlow == "0000" && run.outcome?.isRefusal == true)
        #expect(!run.events.contains(.saved))
    }

    @Test(arguments: [Instruction.auth1, Instruction.exchange])
    func `a command that comes back is no answer`(instruction: UInt8) throws {
        let car = try TestCar()
        let mirror = Tampered(car.owner) { command, answer in
            command.ins == instruction ? command.data + [0x90, 0x00] : answer
        }
        let run = meet(car.record, mirror, .transaction(.drive))
        #expect(run.controlFlow == "0000" && run.outcome?.isRefusal == true)
    }

    // MARK: - What a signature stands for

    @Test(arguments: SignatureUsage.allCases)
    func `endpoint_sig stands for the endpoint in AUTH1 and for nothing else`(
        usage: SignatureUsage
    ) throws {
        for signer in ["the phone", "the car"] {
            var car = try TestCar()
            car.owner.usage = usage
            // The car's key with the car's usage: vehicle_sig, returned as endpoint_sig.
            if signer == "the car" { car.owner.signingKey = car.vehicle }
            let isGood = usage == .endpoint && signer == "the phone"
            #expect(
                try car.tapOwner(.drive).controlFlow == (isGood ? "0103" : "0000"),
                "\(usage) by \(signer)")
        }
    }

    @Test func `low s is not asked for: the twin of a signature is as good`() throws {
        var car = try TestCar()
        car.owner.identity = { $0[tag: 0x9E] = $0[tag: 0x9E].map(signatureTwin) }
        #expect(try car.tapOwner(.drive).controlFlow == "0103")
        var friend = try car.friend()
        let length = Int(friend.privateMailbox[0x100]) << 8 | Int(friend.privateMailbox[0x101])
        let package = friend.privateMailbox.dropFirst(0x102).prefix(length)
        let word = try Attestation(parsing: Array(package))
        friend.givePackage(
            try Attestation(body: word.body, signature: signatureTwin(word.signature)).encoded)
        friend.identity = car.owner.identity
        #expect(try car.tap(&friend, .drive).controlFlow == "0103")
    }

    @Test(arguments: SignatureUsage.allCases)
    func `a receipt signed for another use is no receipt`(usage: SignatureUsage) throws {
        var car = try TestCar()
        car.record.configuration.options.rights.insert(.receiptToDrive)
        let body = KtsReceiptBody(
            vehicleId: car.record.identity.vehicleId, keyId: car.owner.key.publicKey.keyId,
            slotId: car.owner.slot, time: .test, ktsKeyId: car.receipts.publicKey.keyId)
        let receipt = try KtsReceipt(
            body: body, signature: car.receipts.signature(for: usage.tagged + body.encoded)
        ).encoded
        let area = UInt16(receipt.count).bigEndianBytes + receipt
        car.owner.privateMailbox.replaceSubrange(0x40..<0x40 + area.count, with: area)
        car.owner.privateMailbox[0] = 0x04
        #expect(
            try car.tapOwner(.drive).controlFlow == (usage == .receipt ? "0103" : "0008"))
    }

    // MARK: - What was recorded

    @Test func `a recorded phone is refused by the next session of the same car`() throws {
        let rows: [(String, TransactionCode, isFriend: Bool, after: Int)] = [
            // SELECT, AUTH0 with a cryptogram that no longer matches; AUTH1 hears CONTROL FLOW's 9000.
            ("fast", .unlock, false, 3), ("standard", .drive, false, 3),
            ("first friend transaction", .drive, true, 3),
        ]
        for (row, code, isFriend, after) in rows {
            var car = try TestCar()
            if row == "fast" { _ = try car.tapOwner(.unlock) }
            let phone = Tampered(isFriend ? try car.friend() : car.owner)
            var recorder = phone
            let session = ReaderSession(
                record: car.record, purpose: .transaction(code), random: .system)
            let good = drive(session, with: &recorder)
            #expect(good.outcome?.isRefusal == false, "\(row)")
            // Also by the car as it was before it heard the phone.
            for record in [good.stored, car.record] {
                let run = meet(
                    record, Recording(answers: recorder.answers), .transaction(code))
                #expect(run.controlFlow == "0000", "\(row)")
                #expect(
                    run.outcome?.result
                        == .refused(ControlFlow.Hint.none.sentence, ControlFlow.Hint.none))
                #expect(run.commands.count == after + 1 && !run.events.contains(.saved), "\(row)")
            }
        }
    }

    @Test func `a recorded pairing ends at the evidence`() throws {
        let pairing = try TestPairing()
        var recorder = Tampered(pairing.phone)
        let session = ReaderSession(record: pairing.record, purpose: .pairing, random: .system)
        #expect(drive(session, with: &recorder).outcome?.result == .paired)
        let run = meet(pairing.record, Recording(answers: recorder.answers), .pairing)
        #expect(run.controlFlow == "0009" && run.stored.pairing?.attempts == 1)
        #expect(run.stored.pending == nil && run.stored.keys.isEmpty)
    }
}
