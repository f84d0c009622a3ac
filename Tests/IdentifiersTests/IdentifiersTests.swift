// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import Testing

struct ByteTests {
    @Test func `reading past the end is an error, not a crash`() throws {
        var reader = ByteReader([1, 2, 3])
        #expect(try reader.readInteger(UInt16.self) == 0x0102)
        #expect(throws: ByteError.truncated(needed: 2, left: 1)) { try reader.read(2) }
        #expect(throws: ByteError.truncated(needed: 4, left: 1)) {
            try reader.readInteger(UInt32.self)
        }
        #expect(throws: ByteError.truncated(needed: -1, left: 1)) { try reader.read(-1) }
        #expect(throws: ByteError.trailing(1)) { try reader.expectEnd() }
        #expect(try reader.readByte() == 3)
        #expect(throws: ByteError.truncated(needed: 1, left: 0)) { try reader.readByte() }
        try reader.expectEnd()
    }

    @Test(arguments: ["0", "0g", "zz", " 00", "0x00", "é0"])
    func `text that is not hexadecimal is refused`(_ text: String) {
        #expect(throws: ByteError.notHexadecimal) { try [UInt8](hex: text) }
    }

    @Test func `hexadecimal goes both ways`() throws {
        let all = (0...255).map { UInt8($0) }
        #expect(try [UInt8](hex: all.hex) == all)
        #expect(try [UInt8](hex: all.hex.uppercased()) == all)
        #expect(UInt32(0x0102_0304).bigEndianBytes == [1, 2, 3, 4])
    }

    @Test func `an identifier has its size and is a JSON string`() throws {
        #expect(throws: ByteError.length(expected: 8, actual: 2)) { try VehicleID([1, 2]) }
        let slot = SlotID(generation: 3, position: 8)
        let json = try JSONEncoder().encode([slot])
        #expect(String(decoding: json, as: UTF8.self) == #"["0308"]"#)
        #expect(try JSONDecoder().decode([SlotID].self, from: json) == [slot])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([SlotID].self, from: Data(#"["030"]"#.utf8))
        }
    }

    @Test func `a secret does not print`() {
        let secret = Secret("open sesame")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("sesame"))
    }

    @Test(arguments: [0, 1, 7, 8, 9, 32, 100])
    func `the system draws as many bytes as asked for`(_ count: Int) {
        let (first, second) = (
            RandomSource.system.bytes(count, for: "test"),
            RandomSource.system.bytes(count, for: "test")
        )
        #expect(first.count == count)
        #expect(count < 16 || first != second)
    }
}

struct InstantTests {
    @Test(arguments: [
        ("19700101000000Z", Int64(0)), ("20000229235959Z", 951_868_799),
        ("20260601120000Z", 1_780_315_200), ("99991231235959Z", 253_402_300_799),
    ])
    func `generalized time goes both ways`(_ text: String, _ seconds: Int64) throws {
        let instant = try #require(Instant(generalizedTime: text))
        #expect(instant.secondsSinceEpoch == seconds)
        #expect(instant.generalizedTime == text)
        #expect(Instant(rfc3339: instant.description) == instant)
    }

    @Test(arguments: [
        "", "20260229000000Z", "20261301000000Z", "20260132000000Z", "20260101240000Z",
        "20260101006000Z", "20260101000060Z", "20260101000000", "2026010100000+Z",
        "20260101000000z",
    ])
    func `an impossible time is refused`(_ text: String) {
        #expect(Instant(generalizedTime: text) == nil)
    }

    @Test func `days of the week start on Monday`() throws {
        #expect(try #require(Instant(rfc3339: "2026-06-01T13:30:00Z")).weekday == 0)
        #expect(try #require(Instant(rfc3339: "2026-06-07T13:30:00.5Z")).weekday == 6)
        #expect(try #require(Instant(rfc3339: "2026-06-07T13:30:00Z")).minuteOfDay == 810)
    }
}
