// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

/// Every field of what a phone answers in a transaction wrong, missing, doubled, reordered or oversized,
/// and the CONTROL FLOW it must get (PROTOCOL 8.2, 8.7, 9.2).
struct AnswerTableTests {
    typealias Row = RefusalTableTests.Row

    /// An answer on its way: 0 to SELECT, 1 to AUTH0.
    private static func answer(
        _ index: Int, _ name: String, _ controlFlow: String = "0000",
        code: TransactionCode = .drive, _ change: @escaping @Sendable (inout [TLV]) -> Void
    ) -> Row {
        Row(testDescription: name, controlFlow: controlFlow, code: code) {
            $1.fault = (index, Damage.objects(change))
        }
    }

    /// The clear text of AUTH1, as only the phone itself can change it.
    private static func identity(
        _ name: String, _ controlFlow: String = "0000",
        _ change: @escaping @Sendable (inout [TLV]) -> Void
    ) -> Row {
        Row(testDescription: "AUTH1: \(name)", controlFlow: controlFlow) { $1.identity = change }
    }

    @Sendable private static func stranger(_ objects: inout [TLV]) {
        objects[tag: 0x86] = PrivateKey.generate(.system, for: "other").publicKey.bytes
    }

    static let refused: [Row] = [
        answer(0, "SELECT: 5C missing") { $0[tag: 0x5C] = nil },
        answer(0, "SELECT: 5C empty") { $0[tag: 0x5C] = [] },
        answer(0, "SELECT: 5C of three bytes") { $0[tag: 0x5C]?.removeLast() },
        answer(0, "SELECT: 5C doubled") { $0.double(0x5C) },
        answer(0, "SELECT: 5C of another version") { $0[tag: 0x5C] = [3, 0] },
        // A list the phone did not send: its keys are other ones (row 5).
        answer(0, "SELECT: 5C reordered") { $0[tag: 0x5C] = [1, 0, 2, 0] },
        answer(0, "SELECT: 5C with a version more") { $0[tag: 0x5C]? += [0, 1] },
        answer(1, "AUTH0: 86 missing") { $0[tag: 0x86] = nil },
        answer(1, "AUTH0: 86 doubled") { $0.double(0x86) },
        answer(1, "AUTH0: 86 empty") { $0[tag: 0x86] = [] },
        answer(1, "AUTH0: 86 short") { $0[tag: 0x86]?.removeLast() },
        answer(1, "AUTH0: 86 long") { $0[tag: 0x86]?.append(0) },
        answer(1, "AUTH0: 86 compressed") {
            $0[tag: 0x86] = [2] + ($0[tag: 0x86] ?? []).dropFirst()
        },
        answer(1, "AUTH0: 86 of infinity") { $0[tag: 0x86] = [UInt8](repeating: 0, count: 65) },
        answer(1, "AUTH0: 86 of coordinates above p") {
            $0[tag: 0x86] = [4] + [UInt8](repeating: 0xFF, count: 64)
        },
        // The phone itself finds that the car signed for another key (row 3), or does not look (row 5).
        answer(1, "AUTH0: 86 of another key", "0001", stranger),
        Row(testDescription: "AUTH0: 86 of another key, of a gullible phone", controlFlow: "0000") {
            $1.isGullible = true
            $1.fault = (1, Damage.objects(stranger))
        },
        identity("nothing at all") { $0 = [] },
        identity("4E missing") { $0[tag: 0x4E] = nil },
        identity("4E doubled") { $0.double(0x4E) },
        identity("4E empty") { $0[tag: 0x4E] = [] },
        identity("4E of nine bytes") { $0[tag: 0x4E] = [UInt8](repeating: 1, count: 9) },
        identity("9E missing") { $0[tag: 0x9E] = nil },
        identity("9E doubled") { $0.double(0x9E) },
        identity("9E of 63 bytes") { $0[tag: 0x9E]?.removeLast() },
        identity("9E of 65 bytes") { $0[tag: 0x9E]?.append(0) },
        identity("9E with another bit") { $0[tag: 0x9E]?[63] ^= 1 },
        identity("9E with r of zero") {
            $0[tag: 0x9E]?.replaceSubrange(0..<32, with: repeatElement(0, count: 32))
        },
        identity("9E with s above n") {
            $0[tag: 0x9E]?.replaceSubrange(32..<64, with: repeatElement(0xFF, count: 32))
        },
        identity("9E with r and s exchanged") {
            let signature = $0[tag: 0x9E] ?? []
            $0[tag: 0x9E] = Array(signature.suffix(32) + signature.prefix(32))
        },
        identity("4B empty") { $0[tag: 0x4B] = [] },
        identity("4B of two bytes") { $0[tag: 0x4B]?.append(0) },
        identity("4B doubled") { $0.double(0x4B) },
    ]

    @Test(arguments: refused)
    func `a field that is wrong ends the transaction, and the car has learned nothing`(
        row: Row
    ) throws {
        let run = try RefusalTableTests.expectRefusal(row)
        #expect(!run.events.contains(.saved))
    }

    static let accepted: [Row] = [
        answer(0, "SELECT: another object before", "0103") { $0.insert(TLV(0x5A, [1, 0]), at: 0) },
        answer(1, "AUTH0: another object before", "0103") { $0.insert(TLV(0xC5, [1]), at: 0) },
        // Not asked for in a standard transaction, so it is an object like any other.
        answer(1, "AUTH0: 9D where P1 was 00", "0103") {
            $0.append(TLV(0x9D, [UInt8](repeating: 1, count: 16)))
        },
        identity("reordered", "0103") { $0.reverse() },
        identity("57, the counter of former times", "0103") {
            $0.insert(TLV(0x57, [0, 0, 0, 1]), at: 2)
        },
        identity("4A, not in this profile", "0103") { $0.append(TLV(0x4A, [1, 2, 3])) },
        identity("an object nobody knows", "0103") { $0.insert(TLV(0x7F33, [1]), at: 0) },
        identity("4B missing", "0103") { $0[tag: 0x4B] = nil },
    ]

    @Test(arguments: accepted)
    func `another order, and what the car need not know, is no reason to refuse`(row: Row) throws {
        var car = try TestCar()
        var phone = car.owner
        try row.arrange(&car, &phone)
        #expect(try car.tap(&phone, row.code).controlFlow == row.controlFlow)
    }

    @Test func `a cryptogram is 16 bytes that match, or AUTH1 follows, or nothing does`() throws {
        let rows: [(String, @Sendable (inout [TLV]) -> Void, String, TransactionKind?)] = [
            ("as it is", { _ in }, "0101", .fast),
            ("before 86", { $0.reverse() }, "0101", .fast),
            ("missing", { $0[tag: 0x9D] = nil }, "0101", .standard),
            ("another bit", { $0[tag: 0x9D]?[15] ^= 1 }, "0101", .standard),
            ("zeros", { $0[tag: 0x9D] = [UInt8](repeating: 0, count: 16) }, "0101", .standard),
            ("15 bytes", { $0[tag: 0x9D]?.removeLast() }, "0000", nil),
            ("17 bytes", { $0[tag: 0x9D]?.append(0) }, "0000", nil),
            ("empty", { $0[tag: 0x9D] = [] }, "0000", nil),
            ("doubled", { $0.double(0x9D) }, "0000", nil),
        ]
        for (row, change, controlFlow, kind) in rows {
            var car = try TestCar()
            _ = try car.tapOwner(.unlock)
            car.owner.fault = (car.owner.responses + 1, Damage.objects(change))
            let run = try car.tapOwner(.unlock)
            #expect(run.controlFlow == controlFlow, "9D: \(row)")
            #expect(run.outcome?.transaction == kind, "9D: \(row)")
        }
    }

    /// What a phone says under the channel in place of the data and `0002 0000`.
    static let mailboxAnswers: [(String, @Sendable ([UInt8]) -> [UInt8])] = [
        ("status 0001", { _ in [0, 2, 0, 1] }), ("status 0002", { _ in [0, 2, 0, 2] }),
        ("status 0003", { _ in [0, 2, 0, 3] }), ("status 0004", { _ in [0, 2, 0, 4] }),
        ("status 0005", { _ in [0, 2, 0, 5] }), ("status FFFF", { _ in [0, 2, 0xFF, 0xFF] }),
        ("data and status 0001", { $0.dropLast() + [1] }),
        ("no status", { Array($0.dropLast(4)) }), ("half a status", { Array($0.dropLast()) }),
        ("nothing", { _ in [] }), ("a byte more", { $0 + [0] }), ("doubled", { $0 + $0 }),
        ("one read too many", { [0, 1, 0] + $0 }),
        ("a read of length 0 too many", { [0, 0] + $0 }),
    ]

    @Test(arguments: mailboxAnswers.indices)
    func `an EXCHANGE answered otherwise than asked ends the transaction`(index: Int) throws {
        let (row, change) = Self.mailboxAnswers[index]
        for number in 0..<6 {
            var car = try TestCar()
            // Six EXCHANGEs: length, two pieces, signaling, the write, the token.
            var friend = try car.friend()
            friend.mailboxFault = (number, change)
            let run = try car.tap(&friend, .drive)
            #expect(run.commands.count { $0[1] == Instruction.exchange } == number + 1)
            #expect(run.controlFlow == "0000", "\(row), EXCHANGE \(number)")
            // From the command on that follows the check, the key is the car's (10.6, 4).
            #expect(car.record.keys.count == (number < 3 ? 1 : 2), "\(row), EXCHANGE \(number)")
        }
    }

    @Test func `a read that is longer or shorter than asked for is none`() throws {
        let rows: [@Sendable ([UInt8]) -> [UInt8]] = [
            // The token is 16 bytes: length(2), data, 0002 0000.
            { _ in [0x00, 0x0F] + [UInt8](repeating: 1, count: 15) + [0, 2, 0, 0] },
            { _ in [0x00, 0x11] + [UInt8](repeating: 1, count: 17) + [0, 2, 0, 0] },
            { Array($0.dropFirst(18)) }, { [0x00, 0x0F] + $0.dropFirst(2) },
            { [0x01, 0x10] + $0.dropFirst(2) }, { $0.prefix(18) + $0 },
        ]
        for (index, change) in rows.enumerated() {
            var car = try TestCar()
            car.owner.mailboxFault = (0, change)
            #expect(try car.tapOwner(.drive).controlFlow == "0000", "\(index)")
        }
    }
}
