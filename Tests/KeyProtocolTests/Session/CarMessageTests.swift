// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import Testing

/// The car's side of signaling bits 4 and 5.
struct CarMessageTests {
    private static let text = "Service due"
    private static let object = [0xC2, 0x0B] + Array(text.utf8)
    private static let area = 0x12..<0x40

    private func car(_ text: String? = CarMessageTests.text) throws -> (TestCar, KeyID) {
        var car = try TestCar()
        let key = car.owner.key.publicKey.keyId
        let isKnown = car.record.leave(try text.map { try CarMessage($0) }, for: key)
        #expect(isKnown)
        return (car, key)
    }

    private func put(_ bytes: [UInt8], _ bits: UInt8, into phone: inout TestApplet) {
        phone.privateMailbox.replaceSubrange(Self.area, with: [UInt8](repeating: 0, count: 46))
        phone.privateMailbox.replaceSubrange(0x12..<0x12 + bytes.count, with: bytes)
        phone.privateMailbox[0] = bits
    }

    @Test func `a message goes with the next standard transaction, and only once`() throws {
        var (car, _) = try car()
        // What was left there before is nobody's.
        put([UInt8](repeating: 0xEE, count: 46), 0, into: &car.owner)
        #expect(try car.tapOwner(.drive).controlFlow == "0103")
        #expect(car.owner.privateMailbox[0] == 0x10)
        #expect(
            Array(car.owner.privateMailbox[Self.area])
                == Self.object + [UInt8](repeating: 0, count: 46 - Self.object.count))
        #expect(car.record.owner?.message == nil)
        put([], 0, into: &car.owner)
        #expect(try car.tapOwner(.drive).controlFlow == "0103")
        #expect(car.owner.privateMailbox[0] == 0)
    }

    @Test func `a fast transaction carries no message, and nothing waits for nobody`() throws {
        var (car, key) = try car(nil)
        let plain = try car.tapOwner(.unlock)
        #expect(plain.commands.map { $0[1] } == [0xA4, 0x80, 0x81, 0x3C])
        car.record.leave(try CarMessage(Self.text), for: key)
        #expect(try car.tapOwner(.unlock).outcome?.transaction == .fast)
        #expect(car.owner.privateMailbox[0] == 0 && car.record.owner?.message?.text == Self.text)
        car.record.leave(nil, for: key)
        #expect(try car.tapOwner(.maintenance).commands.count == plain.commands.count)
        let stranger = KeyID(uncheckedBytes: [UInt8](repeating: 7, count: KeyID.size))
        let isKnown = car.record.leave(try CarMessage(Self.text), for: stranger)
        #expect(!isKnown)
    }

    /// What the mailbox holds before, whether the message gets into it, and the bits afterwards.
    static let mailboxes: [(bits: UInt8, area: [UInt8], goes: Bool, after: UInt8)] = [
        (0x00, [], true, 0x10), (0x00, [0xC2, 1, 0x41], true, 0x10), (0x20, [], true, 0x30),
        // Unread.
        (0x10, [0xC2, 1, 0x41], false, 0x10), (0x10, [], false, 0x10),
        (0x10, [0xC3] + object.dropFirst(), false, 0x10),
        // There already.
        (0x10, object, true, 0x10),
        // The retire list is taken first, and takes what is beside it away.
        (0x08, [0xC1, 2, 0, 3], true, 0x10), (0x18, [0xC1, 2, 0, 3], true, 0x10),
        (0x18, object + [0xC1, 2, 0, 3], true, 0x10),
    ]

    @Test(arguments: mailboxes)
    func `a message waits while something unread is there`(
        bits: UInt8, area: [UInt8], goes: Bool, after: UInt8
    ) throws {
        var (car, _) = try car()
        put(area, bits, into: &car.owner)
        #expect(try car.tapOwner(.maintenance).controlFlow == "0100")
        #expect((car.record.owner?.message == nil) == goes)
        #expect(car.owner.privateMailbox[0] == after)
        let now = Array(car.owner.privateMailbox[Self.area])
        #expect(now.starts(with: goes ? Self.object : area))
        let retired = car.record.slots.state(of: SlotID(generation: 0, position: 3)) == .retired
        #expect(retired == (bits & 0x08 != 0))
    }

    @Test func `data of a friend for the car stays there, and the message waits`() throws {
        var (car, _) = try car(nil)
        var friend = try car.friend()
        _ = try car.tap(&friend, .unlock)
        car.record.leave(try CarMessage(Self.text), for: friend.key.publicKey.keyId)
        put([0xC1, 2, 0, 3], 0x08, into: &friend)
        #expect(try car.tap(&friend, .drive).controlFlow == "0103")
        #expect(friend.privateMailbox[0] == 0x08)
        put([], 0, into: &friend)
        #expect(try car.tap(&friend, .drive).controlFlow == "0103")
        #expect(friend.privateMailbox[0] == 0x10 && friend.privateMailbox[0x12] == 0xC2)
    }

    @Test func `the longest message, a retire list and seven fresh slots fit into one command`()
        throws
    {
        var (car, _) = try car(String(repeating: "w", count: 44))
        put([0xC1, 2, 0, 3], 0x09, into: &car.owner)
        car.owner.privateMailbox[1] = 0
        #expect(try car.tapOwner(.drive).controlFlow == "0103")
        #expect(car.owner.privateMailbox[0] == 0x10 && car.owner.privateMailbox[1] == 0xFE)
        #expect(car.owner.privateMailbox[0x12...].starts(with: [0xC2, 44]))
        #expect(car.owner.notes.filter { $0.atomic == .last }.count == 1)
    }

    @Test func `cut off anywhere, a message waits or is there, never both lost`() throws {
        for index in 0..<7 {
            var (car, key) = try car()
            car.owner.fault = (index, { _ in nil })
            _ = try car.tapOwner(.drive)
            let isThere = car.owner.privateMailbox[0] == 0x10
            #expect(isThere || car.record.owner?.message != nil, "cut at \(index)")
            car.owner.fault = nil
            car.owner.fieldLost()
            #expect(try car.tapOwner(.drive).controlFlow == "0103")
            #expect(car.record.owner?.message == nil, "cut at \(index)")
            #expect(car.owner.privateMailbox[0x12...].starts(with: Self.object))
            // Another one waits until the first is read.
            car.record.leave(try CarMessage("Next"), for: key)
            _ = try car.tapOwner(.drive)
            #expect(car.record.owner?.message?.text == "Next")
            #expect(car.owner.privateMailbox[0x12...].starts(with: Self.object))
        }
    }

    @Test func `an area that is too small for the message keeps nobody from driving`() throws {
        var (car, _) = try car()
        car.record.configuration.mapping.receipt = 0x12 + 8
        #expect(try car.tapOwner(.drive).controlFlow == "0103")
        #expect(car.owner.privateMailbox[0] == 0)
    }

    @Test func `a pending end is noted as long as the phone says so, and ends nothing`() throws {
        var (car, _) = try car(nil)
        car.owner.privateMailbox[0] = 0x20
        #expect(try car.tapOwner(.drive).controlFlow == "0103")
        #expect(car.record.owner?.endingSince == .test)
        let later = Instant.test.adding(seconds: 60)
        #expect(try car.tapOwner(.drive, at: later).controlFlow == "0103")
        #expect(car.record.owner?.endingSince == .test && car.record.owner?.state == .active)
        // It is no message that could be consumed: the bit stays until the phone takes it back.
        #expect(car.owner.privateMailbox[0] == 0x20)
        car.owner.privateMailbox[0] = 0
        #expect(try car.tapOwner(.drive).controlFlow == "0103")
        #expect(car.record.owner?.endingSince == nil)
    }

    static let texts: [(String, ProtocolError?)] = [
        ("a", nil), ("Öl nachfüllen 🚗", nil), ("👩‍🔧", nil), (String(repeating: "w", count: 44), nil),
        ("", .length), (String(repeating: "w", count: 45), .length),
        (String(repeating: "ö", count: 23), .length), (" ", .range), ("a\nb", .range),
        ("\u{1B}[2J", .range), ("a\u{202E}b", .range), ("a\u{2028}b", .range), ("\u{0}", .range),
    ]

    @Test(arguments: texts)
    func `a message is one short line`(text: String, error: ProtocolError?) throws {
        func made(_ make: () throws(ProtocolError) -> CarMessage) -> ProtocolError? {
            do throws(ProtocolError) {
                #expect(try make().text == text)
                return nil
            } catch { return error }
        }
        #expect(made { () throws(ProtocolError) in try CarMessage(text) } == error)
        #expect(
            made { () throws(ProtocolError) in try CarMessage(parsing: Array(text.utf8)) } == error)
        #expect(throws: ProtocolError.range) { try CarMessage(parsing: [0xC3, 0x28]) }
    }

    @Test func `a record from before there were messages is read`() throws {
        let (car, _) = try car()
        func members(_ record: VehicleRecord) throws -> [String: Any]? {
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(record)) as? [String: Any]
        }
        var saved = try #require(try members(car.record))
        var keys = try #require(saved["keys"] as? [[String: Any]])
        #expect(keys[0].removeValue(forKey: "message") != nil)
        saved["keys"] = keys
        let old = try JSONDecoder().decode(
            VehicleRecord.self, from: JSONSerialization.data(withJSONObject: saved))
        var expected = car.record
        expected.leave(nil, for: expected.keys[0].keyId)
        #expect(old == expected)
    }

    @Test func `a message and a pending end go with the car into its file`() throws {
        var (car, _) = try car()
        car.owner.privateMailbox[0] = 0x30
        _ = try car.tapOwner(.maintenance)
        func file() -> VehicleFile {
            car.record.file(
                environment: "testing", displayName: "Roadster", encryptionKey: car.receipts,
                root: "J", signature: "Q")
        }
        #expect(file().keys[0].message == Self.text && file().keys[0].endingSince == .test)
        var fresh = car.record
        fresh.keys = []
        try fresh.adopt(file(), at: .test)
        #expect(fresh == car.record)
        var damaged = file()
        damaged.keys[0].message = "two\nlines"
        #expect(throws: (any Error).self) { try fresh.adopt(damaged, at: .test) }
    }
}
