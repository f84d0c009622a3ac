// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

/// What a phone leaves in its mailbox for the car, one thing wrong per row (PROTOCOL 10.4, 10.7, 10.8).
struct MailboxTableTests {
    private static let other = PrivateKey.generate(.system, for: "other")

    /// A receipt by [Q] that says something else.
    static let receipts: [(String, @Sendable (inout KtsReceiptBody) throws -> Void, String)] = [
        ("as it should be", { _ in }, "0103"),
        ("vehicleId", { $0.vehicleId = try VehicleID([8, 7, 6, 5, 4, 3, 2, 1]) }, "0008"),
        ("keyId", { $0.keyId = other.publicKey.keyId }, "0008"),
        ("slotId", { $0.slotId = SlotID(generation: 1, position: 1) }, "0008"),
    ]

    /// The same receipt, not as it was written.
    static let areas: [(String, @Sendable ([UInt8]) -> [UInt8])] = [
        ("none", { _ in [0x00, 0x00] }), ("cut", { Array($0.dropLast()) }),
        ("a byte more", { UInt16($0.count - 1).bigEndianBytes + $0.dropFirst(2) + [0] }),
        ("a byte less", { UInt16($0.count - 3).bigEndianBytes + $0.dropFirst(2) }),
        ("longer than its area", { [0x00, 0xBF] + $0.dropFirst(2) }),
        ("no DER", { $0.prefix(2) + $0.dropFirst(2).map { _ in 0x30 } }),
    ]

    private func body(_ car: TestCar) -> KtsReceiptBody {
        KtsReceiptBody(
            vehicleId: car.record.identity.vehicleId, keyId: car.owner.key.publicKey.keyId,
            slotId: car.owner.slot, time: .test, ktsKeyId: car.receipts.publicKey.keyId)
    }

    /// The hint of a car that wants a receipt before drive and finds this area.
    private func tap(_ car: inout TestCar, _ area: [UInt8]) throws -> String? {
        car.record.configuration.options.rights.insert(.receiptToDrive)
        car.owner.privateMailbox.replaceSubrange(0x40..<0x40 + area.count, with: area)
        car.owner.privateMailbox[0] = 0x04
        defer { #expect(car.owner.privateMailbox[0] == 0, "the bit stays") }
        return try car.tapOwner(.drive).controlFlow
    }

    @Test func `a receipt is of this car, this key and this slot, or is ignored`() throws {
        for (row, change, expected) in Self.receipts {
            var car = try TestCar()
            var body = body(car)
            try change(&body)
            let receipt = try KtsReceipt.signed(body, by: car.receipts).encoded
            let hint = try tap(&car, UInt16(receipt.count).bigEndianBytes + receipt)
            #expect(hint == expected, "\(row)")
            #expect(car.record.owner?.receiptSeen == (expected == "0103"), "\(row)")
        }
        for (row, change) in Self.areas {
            var car = try TestCar()
            let receipt = try KtsReceipt.signed(body(car), by: car.receipts).encoded
            let area = change(UInt16(receipt.count).bigEndianBytes + receipt)
            #expect(try tap(&car, area) == "0008", "\(row)")
        }
    }

    @Test func `a retire list that is none retires nobody, and is taken away all the same`() throws
    {
        let slot = SlotID(generation: 0, position: 3)
        let rows: [(String, [UInt8], isGood: Bool)] = [
            ("one id", [0xC1, 2] + slot.bytes, true),
            ("behind another object", [0xC2, 1, 9, 0xC1, 2] + slot.bytes, true),
            (
                "twenty ids", [0xC1, 40] + (0..<20).flatMap { _ in slot.bytes }, true
            ),
            ("twenty-one ids", [0xC1, 42] + (0..<21).flatMap { _ in slot.bytes }, false),
            ("half an id", [0xC1, 3] + slot.bytes + [0], false),
            ("no ids", [0xC1, 0], false), ("another tag", [0xC2, 2] + slot.bytes, false),
            ("behind the first 00", [0, 0xC1, 2] + slot.bytes, false),
            ("a length beyond the area", [0xC1, 0x7F] + slot.bytes, false),
            ("an id no car gives out", [0xC1, 2, 0xFF, 0x09], false),
            ("the owner's own id", [0xC1, 2, 0x00, 0x01], false),
        ]
        for (row, area, isGood) in rows {
            var car = try TestCar()
            car.owner.privateMailbox.replaceSubrange(0x12..<0x12 + area.count, with: area)
            car.owner.privateMailbox[0] = 0x08
            let before = car.record.slots
            #expect(try car.tapOwner(.drive).controlFlow == "0103", "\(row)")
            #expect(car.record.slots.state(of: slot) == (isGood ? .retired : .issued), "\(row)")
            #expect(isGood || car.record.slots == before, "\(row)")
            #expect(car.owner.privateMailbox[0] == 0, "\(row)")
            #expect(car.owner.privateMailbox[0x12..<0x40].allSatisfy { $0 == 0 }, "\(row)")
        }
    }

    @Test func `a friend's phone retires nobody and is given no slots`() throws {
        var car = try TestCar()
        var friend = try car.knownFriend(KeyConfig(profile: .full, notBefore: car.start))
        let area = [0xC1, 4] + car.owner.slot.bytes + SlotID(generation: 0, position: 3).bytes
        friend.privateMailbox.replaceSubrange(0x12..<0x12 + area.count, with: area)
        // Data for the car, and a refill.
        friend.privateMailbox[0] = 0x09
        let (slots, mailbox, tokens) = (
            car.record.slots, friend.privateMailbox, friend.confidential
        )
        #expect(try car.tap(&friend, .drive).controlFlow == "0103")
        #expect(car.record.slots == slots && car.record.keys.count == 2)
        #expect(friend.privateMailbox == mailbox && friend.confidential == tokens)
    }
}
