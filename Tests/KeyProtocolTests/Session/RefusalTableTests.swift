// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

/// Who checks what (PROTOCOL 8.7): one phone per row, and the CONTROL FLOW it must get.
struct RefusalTableTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var controlFlow: String
        var code = TransactionCode.drive
        var arrange: @Sendable (inout TestCar, inout TestApplet) throws -> Void
    }

    static let rows: [Row] = [
        Row(testDescription: "1 no common version", controlFlow: "0000") {
            $1.versions = [ProtocolVersion(rawValue: 0x0300)]
        },
        Row(testDescription: "1 endpoint key off the curve", controlFlow: "0000") {
            $1.fault = (1, { bytes in bytes.enumerated().map { $0 == 9 ? $1 ^ 1 : $1 } })
        },
        Row(testDescription: "3 the phone knows another car", controlFlow: "0001") {
            $1.vehicleKey = PrivateKey.generate(.system, for: "other").publicKey
        },
        Row(testDescription: "4 user authentication missing", controlFlow: "0005") {
            $1.needsUserForDrive = true
        },
        Row(testDescription: "5 MAC of AUTH1", controlFlow: "0000") {
            $1.fault = (2, { bytes in bytes.enumerated().map { $0 == 85 ? $1 ^ 1 : $1 } })
        },
        Row(testDescription: "6 unknown slot", controlFlow: "0001") {
            $1.slot = SlotID(generation: 7, position: 2)
        },
        Row(testDescription: "6 a slot id of one byte", controlFlow: "0001") {
            $1.foreignSlot = [0x01]
        },
        Row(testDescription: "6 a slot id of eight bytes", controlFlow: "0001") {
            $1.foreignSlot = [0, 1, 0, 1, 0, 1, 0, 1]
        },
        Row(testDescription: "5 no slot id that can be one", controlFlow: "0000") {
            $1.foreignSlot = []
        },
        Row(testDescription: "6 retired slot", controlFlow: "0002") { car, phone in
            car.record.retire([phone.slot])
        },
        Row(testDescription: "6 suspended key", controlFlow: "0002") { car, phone in
            car.record.suspend(phone.key.publicKey.keyId)
        },
        Row(testDescription: "7 signature by another key", controlFlow: "0000") {
            $1.signingKey = PrivateKey.generate(.system, for: "other")
        },
        Row(testDescription: "8 version below the key's", controlFlow: "0000") {
            $1.versions = [.v0100]
        },
        Row(testDescription: "9 code 04 without a pending key", controlFlow: "0004", code: .pairing)
        {
            _, _ in
        },
        Row(testDescription: "9 receipt missing", controlFlow: "0008") { car, _ in
            car.record.configuration.options.rights.insert(.receiptToDrive)
        },
        Row(testDescription: "9 token wrong", controlFlow: "0006") { $1.confidential[3] ^= 1 },
    ]

    @Test(arguments: rows)
    func `each check fails with its own hint`(row: Row) throws {
        try Self.expectRefusal(row)
    }

    /// One tap of the owner's phone, which must get the hint of `row` and nothing else.
    @discardableResult
    static func expectRefusal(_ row: Row) throws -> Run {
        var car = try TestCar()
        var phone = car.owner
        try row.arrange(&car, &phone)
        let run = try car.tap(&phone, row.code)
        #expect(run.controlFlow == row.controlFlow)
        #expect(run.commands.last?.prefix(2) == [0x80, Instruction.controlFlow])
        guard case .refused(let sentence, let hint) = run.outcome?.result else {
            Issue.record("not refused: \(String(describing: run.outcome))")
            return run
        }
        #expect(!sentence.isEmpty && hint?.rawValue == UInt8(row.controlFlow.suffix(2), radix: 16))
        return run
    }

    @Test(arguments: [0x6A80, 0x6D00, 0x6300, 0x0000, 0xFFFF, 0x6982, 0x6985] as [UInt16])
    func `an unknown status word ends the transaction`(word: UInt16) throws {
        for index in 0..<4 {
            var car = try TestCar()
            car.owner.fault = (index, Damage.status(StatusWord(rawValue: word)))
            let run = try car.tapOwner(.drive)
            let answer = StatusWord(rawValue: word).bytes
            #expect(run.controlFlow == Damage.controlFlow(after: answer, index), "\(index)")
            #expect(run.outcome?.isRefusal == true)
        }
    }

    @Test func `profiles may do what their row says`() throws {
        let rows: [(Profile, unlock: Outcome.Doors, drive: String)] = [
            (.full, .all, "0103"), (.limited, .all, "0103"), (.service, .all, "0103"),
            (.valet, .withoutTrunk, "0103"), (.accessOnly, .all, "0004"),
            (.trunk, .trunkOnly, "0004"),
        ]
        for (profile, doors, drive) in rows {
            var car = try TestCar()
            var phone = try car.knownFriend(
                KeyConfig(profile: profile, notBefore: car.start, maxSpeedKmh: 105))
            #expect(try car.tap(&phone, .drive).controlFlow == drive, "\(profile)")
            #expect(try car.tap(&phone, .unlock).outcome?.result == .unlocked(doors))
            #expect(try car.tap(&phone, .lock).controlFlow == "0102")
            #expect(try car.tap(&phone, .maintenance).controlFlow == "0100")
            #expect(try car.tap(&phone, .presence).controlFlow == "0100")
        }
    }

    @Test func `a reader at the trunk opens the trunk, but not for a valet`() throws {
        let profiles: [(Profile, Bool)] = [
            (.full, true), (.accessOnly, true), (.trunk, true), (.limited, true), (.valet, false),
            (.service, true),
        ]
        for (profile, mayOpen) in profiles {
            var car = try TestCar()
            var phone = try car.knownFriend(KeyConfig(profile: profile, notBefore: car.start))
            let session = ReaderSession(record: car.record, purpose: .trunk, random: .system)
            let run = drive(session, with: &phone, at: .test)
            #expect(run.controlFlow == (mayOpen ? "0101" : "0004"), "\(profile)")
            if mayOpen { #expect(run.outcome?.result == .unlocked(.trunkOnly)) }
        }
    }

    @Test func `a limit of speed reaches the car with drive`() throws {
        var car = try TestCar()
        let config = KeyConfig(profile: .limited, notBefore: car.start, maxSpeedKmh: 105)
        var phone = try car.knownFriend(config)
        #expect(try car.tap(&phone, .drive).outcome?.result == .driveReady(config))
    }

    @Test func `validity and schedule are judged by the clock`() throws {
        let monday = try WeeklyWindow(days: 0x40, fromMinute: 11 * 60, toMinute: 13 * 60)
        let sunday = try WeeklyWindow(days: 0x01, fromMinute: 0, toMinute: 1440)
        let begin = Instant.test
        let rows: [(KeyConfig, Instant, String)] = [
            (KeyConfig(profile: .full, notBefore: begin), begin, "0101"),
            (KeyConfig(profile: .full, notBefore: begin.adding(seconds: 1)), begin, "0003"),
            (
                KeyConfig(profile: .full, notBefore: begin, notAfter: begin.adding(seconds: 9)),
                begin.adding(seconds: 8), "0101"
            ),
            (
                KeyConfig(profile: .full, notBefore: begin, notAfter: begin.adding(seconds: 9)),
                begin.adding(seconds: 9), "0003"
            ),
            (KeyConfig(profile: .full, notBefore: begin, weekly: [monday]), begin, "0101"),
            (KeyConfig(profile: .full, notBefore: begin, weekly: [sunday]), begin, "0003"),
            (KeyConfig(profile: .full, notBefore: begin, weekly: [sunday, monday]), begin, "0101"),
        ]
        for (config, time, expected) in rows {
            var car = try TestCar()
            var phone = try car.knownFriend(config)
            #expect(try car.tap(&phone, .unlock, at: time).controlFlow == expected, "\(config)")
        }
    }

    @Test func `without trusted time a key with an end enters but does not drive`() throws {
        var car = try TestCar()
        car.record.hasTrustedTime = false
        var phone = try car.knownFriend(
            KeyConfig(
                profile: .full, notBefore: car.start, notAfter: car.start.adding(seconds: 60)))
        #expect(try car.tap(&phone, .unlock).controlFlow == "0101")
        #expect(try car.tap(&phone, .drive).controlFlow == "0003")
        #expect(try car.tapOwner(.drive).controlFlow == "0103")
    }
}
