// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

struct MailboxTests {
    @Test func `a friend's first tap makes the key known, the next one is fast`() throws {
        var car = try TestCar()
        var friend = try car.friend()
        let first = try car.tap(&friend, .unlock)
        #expect(first.outcome?.transaction == .firstFriend && first.controlFlow == "0101")
        #expect(first.facts.count == 1)
        #expect(car.record.slots.state(of: friend.slot) == .bound)
        #expect(friend.privateMailbox.first == 0)
        #expect(try car.tap(&friend, .unlock).outcome?.transaction == .fast)
    }

    @Test func `a package never opens again after its key was ended`() throws {
        var car = try TestCar()
        var friend = try car.friend()
        let untouched = friend.privateMailbox
        _ = try car.tap(&friend, .unlock)
        car.record.terminate(friend.key.publicKey.keyId)
        friend.privateMailbox = untouched
        #expect(try car.tap(&friend, .unlock).controlFlow == "0002")
    }

    @Test func `an activation code opens, five wrong ones retire the slot`() throws {
        var car = try TestCar()
        var friend = try car.friend(code: "123456")
        for _ in 0..<6 { #expect(try car.tap(&friend, .unlock).controlFlow == "0005") }
        for _ in 0..<5 {
            #expect(try car.tap(&friend, .unlock, activationCode: "000000").controlFlow == "0005")
        }
        #expect(try car.tap(&friend, .unlock, activationCode: "123456").controlFlow == "0002")
        var other = try car.friend(position: 3, code: "123456")
        #expect(try car.tap(&other, .unlock, activationCode: "123456").controlFlow == "0101")
    }

    @Test func `a key suspended before its first use is told so, and opens once resumed`() throws {
        var car = try TestCar()
        var friend = try car.friend(code: "123456")
        let key = friend.key.publicKey.keyId
        let isKnown = car.record.suspend(key)
        #expect(!isKnown)
        for code in [nil, "123456"] + Array(repeating: "000000", count: 5) {
            let run = try car.tap(&friend, .unlock, activationCode: code)
            #expect(run.controlFlow == "0002" && run.facts.isEmpty)
        }
        #expect(car.record.keys.count == 1)
        // Wrong codes were not counted, and nobody else has to wait.
        #expect(car.record.slots.state(of: friend.slot) == .issued)
        var other = try car.friend(position: 3)
        #expect(try car.tap(&other, .unlock).controlFlow == "0101")
        car.record.resume(key)
        #expect(try car.tap(&friend, .unlock, activationCode: "123456").controlFlow == "0101")
        #expect(try car.tap(&friend, .unlock).outcome?.transaction == .fast)
    }

    @Test func `a key that was suspended and then comes online stays suspended`() throws {
        var car = try TestCar()
        car.record.suspend(car.owner.key.publicKey.keyId)
        car.record.resume(car.owner.key.publicKey.keyId)
        var friend = try car.friend()
        car.record.suspend(friend.key.publicKey.keyId)
        try car.install(friend)
        #expect(car.record.key(at: friend.slot)?.state == .suspended)
        #expect(try car.tap(&friend, .unlock).controlFlow == "0002")
        car.record.resume(friend.key.publicKey.keyId)
        #expect(try car.tap(&friend, .unlock).controlFlow == "0101")
    }

    @Test func `a power cut anywhere in the first friend transaction heals at the next tap`() throws
    {
        for index in 0..<9 {
            var car = try TestCar()
            var friend = try car.friend()
            friend.fault = (index, { _ in nil })
            _ = try car.tap(&friend, .drive)
            friend.fieldLost()
            friend.fault = nil
            #expect(try car.tap(&friend, .drive).controlFlow == "0103", "cut at \(index)")
            #expect(friend.privateMailbox.first == 0, "cut at \(index)")
        }
    }

    @Test func `the owner's next tap refills used slots`() throws {
        var car = try TestCar()
        car.owner.privateMailbox[0] = 0x01
        car.owner.privateMailbox[1] = 0xFD
        let run = try car.tapOwner(.unlock)
        #expect(run.controlFlow == "0101")
        let fresh = SlotID(generation: 1, position: 2)
        #expect(car.record.slots.state(of: fresh) == .issued)
        #expect(car.owner.privateMailbox[0] == 0 && car.owner.privateMailbox[1] == 0xFF)
        #expect(Array(car.owner.privateMailbox[4..<6]) == fresh.bytes)
        let token = immobilizerToken(
            key: car.immobilizer, slotId: fresh, vehicleId: car.record.identity.vehicleId)
        #expect(Array(car.owner.confidential[16..<32]) == token)
        // The id that was handed to a friend but not used stays good.
        #expect(car.record.slots.state(of: SlotID(generation: 0, position: 2)) == .issued)
    }

    @Test func `fresh ids are stored before they are written, and never given out twice`() throws {
        var seen: Set<SlotID> = []
        var car = try TestCar()
        for _ in 0..<5 {
            car.owner.privateMailbox[0] = 0x01
            car.owner.privateMailbox[1] = 0xFD
            // Cut before the write is answered.
            car.owner.fault = (car.owner.responses + 4, { _ in nil })
            _ = try car.tapOwner(.maintenance)
            car.owner.fieldLost()
            let newest = try #require(car.record.slots.issued.last { $0.position == 2 })
            #expect(seen.insert(newest).inserted)
        }
    }

    @Test func `the retire list ends issued ids and keys, never the owner's`() throws {
        var car = try TestCar()
        var friend = try car.friend()
        _ = try car.tap(&friend, .unlock)
        let list = [friend.slot, SlotID(generation: 0, position: 3), car.owner.slot]
        let area = [0xC1, 6] + list.flatMap(\.bytes)
        car.owner.privateMailbox.replaceSubrange(0x12..<0x12 + area.count, with: area)
        car.owner.privateMailbox[0] = 0x08
        let run = try car.tapOwner(.drive)
        #expect(run.controlFlow == "0103")
        #expect(
            run.facts == [.keyRemoved(keyId: friend.key.publicKey.keyId, slotId: friend.slot)])
        #expect(car.record.slots.state(of: list[1]) == .retired)
        #expect(car.owner.privateMailbox[0x12..<0x40].allSatisfy { $0 == 0 })
        #expect(car.owner.privateMailbox[0] == 0)
        #expect(try car.tap(&friend, .unlock).controlFlow == "0002")
    }

    @Test(arguments: [[], [186], [187], [188], [189], [190], [253], [200, 100]] as [[Int]])
    func `a retire list behind the maker's own objects is read in pieces, to the end of its area`(
        sizes: [Int]
    ) throws {
        var car = try TestCar()
        let slot = SlotID(generation: 0, position: 3)
        let own = sizes.flatMap { [0xC2, UInt8($0)] + [UInt8](repeating: 0xC1, count: $0) }
        let area = own + [0xC1, 2] + slot.bytes
        let mapping = MailboxMapping(
            slotBitmap: 0x0001, slotList: 0x0002, oemArea: 0x0012,
            receipt: 0x0012 + UInt16(area.count), package: 0x0300, contentEnd: 0x0600)
        car.record.configuration.mapping = mapping
        car.owner.privateMailbox += [UInt8](repeating: 0, count: 0x200)
        car.owner.privateMailbox.replaceSubrange(0x12..<0x12 + area.count, with: area)
        car.owner.privateMailbox[0] = 0x0D
        let run = try car.tapOwner(.maintenance)
        #expect(run.controlFlow == "0100")
        #expect(car.record.slots.state(of: slot) == .retired)
        // The refill knew it already.
        #expect(car.owner.privateMailbox[6..<8] == [1, 3])
        #expect(car.owner.privateMailbox[0x12..<0x12 + area.count].allSatisfy { $0 == 0 })
        #expect(car.owner.privateMailbox[0] == 0)
        for command in car.owner.notes {
            for case .read(_, let length) in command.operations.map(\.operation) {
                #expect(length <= 224)
            }
        }
    }

    @Test func `a receipt lets the key drive where one is required`() throws {
        var car = try TestCar()
        car.record.configuration.options.rights.insert(.receiptToDrive)
        for (signer, expected) in [(car.owner.key, "0008"), (car.receipts, "0103")] {
            let receipt = try KtsReceipt.signed(
                KtsReceiptBody(
                    vehicleId: car.record.identity.vehicleId,
                    keyId: car.owner.key.publicKey.keyId, slotId: car.owner.slot, time: .test,
                    ktsKeyId: car.receipts.publicKey.keyId), by: signer
            ).encoded
            let area = UInt16(receipt.count).bigEndianBytes + receipt
            car.owner.privateMailbox.replaceSubrange(0x40..<0x40 + area.count, with: area)
            car.owner.privateMailbox[0] = 0x04
            #expect(try car.tapOwner(.drive).controlFlow == expected)
            #expect(car.owner.privateMailbox[0] == 0)
        }
        #expect(try car.tapOwner(.drive).controlFlow == "0103")
    }

    @Test(arguments: [TransactionCode.drive, .maintenance])
    func `a key that tells no signaling bits is asked for them, but not at the door`(
        code: TransactionCode
    ) throws {
        var car = try TestCar()
        car.owner.tellsSignaling = false
        car.owner.privateMailbox[0] = 0x01
        car.owner.privateMailbox[1] = 0xFD
        #expect(try car.tapOwner(.unlock).controlFlow == "0101")
        #expect(car.owner.privateMailbox[0] == 0x01)
        #expect(try car.tapOwner(code).outcome?.keyId == car.owner.key.publicKey.keyId)
        #expect(car.owner.privateMailbox[0] == 0 && car.owner.privateMailbox[1] == 0xFF)
    }

    @Test func `a used up position is taken off the owner's list`() throws {
        var car = try TestCar()
        let last = SlotID(generation: 0xFE, position: 4)
        car.record.slots = SlotLedger([car.owner.slot: .bound, last: .retired])
        car.owner.privateMailbox[0] = 0x01
        car.owner.privateMailbox[1] = 0xFF
        car.owner.privateMailbox.replaceSubrange(8..<10, with: last.bytes)
        #expect(try car.tapOwner(.unlock).controlFlow == "0101")
        #expect(car.owner.privateMailbox[1] == 0xF7)
        #expect(car.owner.privateMailbox[8..<10] == [0, 0])
    }

    @Test func `a key that came online needs no mailbox`() throws {
        var car = try TestCar()
        var friend = try car.knownFriend(KeyConfig(profile: .full, notBefore: car.start))
        let run = try car.tap(&friend, .unlock)
        #expect(run.outcome?.transaction == .standard)
        #expect(run.commands.map { $0[1] } == [0xA4, 0x80, 0x81, 0x3C])
    }
}
