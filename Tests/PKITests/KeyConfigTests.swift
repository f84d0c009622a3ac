// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import PKI
import TestKit
import Testing

struct KeyConfigTests {
    private static let start = TestPKI.start

    @Test func `a key is valid from its first moment until just before its end`() {
        let key = KeyConfig(
            profile: .full, notBefore: Self.start, notAfter: Self.start.adding(seconds: 60))
        let expected: [(Int64, Bool)] = [(-1, false), (0, true), (59, true), (60, false)]
        for (offset, valid) in expected {
            #expect(key.isValid(at: Self.start.adding(seconds: offset)) == valid)
        }
        #expect(!key.hasEnded(at: Self.start.adding(seconds: -1)))
        #expect(KeyConfig(profile: .full, notBefore: Self.start).isValid(at: .noEnd))
    }

    @Test func `a weekly window matches its days and minutes only`() throws {
        let workdays = try WeeklyWindow(days: 0b111_1100, fromMinute: 480, toMinute: 1080)
        let sunday = try WeeklyWindow(days: 0b000_0001, fromMinute: 0, toMinute: 1440)
        let key = KeyConfig(
            profile: .valet, notBefore: Self.start, weekly: [workdays, sunday])
        let expected: [(Int, Int, Bool)] = [
            (0, 480, true), (0, 479, false), (4, 1079, true), (4, 1080, false), (5, 600, false),
            (6, 0, true), (6, 1439, true), (7, 600, false), (-1, 600, false),
        ]
        for (day, minute, allowed) in expected {
            #expect(key.allows(weekday: day, minute: minute) == allowed, "\(day) \(minute)")
        }
        #expect(KeyConfig(profile: .full, notBefore: Self.start).allows(weekday: 3, minute: 3))
        #expect(try KeyConfig(parsing: key.encoded) == key)
    }

    @Test func `an impossible window cannot be made`() {
        for (days, from, to) in [(0x80, 0, 1), (1, 5, 5), (1, 6, 5), (1, -1, 5), (1, 0, 1441)] {
            #expect(throws: PKIError.self) {
                try WeeklyWindow(days: UInt8(days), fromMinute: from, toMinute: to)
            }
        }
    }

    /// Everything after `30 len`; only the tail differs from a good KeyConfig.
    private static let refused: [(String, String)] = [
        ("mayShare TRUE", "830101ff"), ("mayShare FALSE", "830100"), ("speed negative", "8101ff"),
        ("speed without bytes", "8100"), ("speed padded", "81020010"),
        ("speed beyond 65535", "8103010000"), ("weekly empty", "a200"),
        ("weekly primitive", "8200"), ("days trimmed", "a20d300b030107020100020101"),
        ("days with a padding bit", "a20c300a030201f9020100020101"),
        ("days of 8 bits", "a20c300a030200f8020100020101"),
        ("window of four", "a20f300d030201f8020100020101020101"),
        ("window past midnight", "a20d300b030201f8020100020205a1"),
        ("time local", "800e3230323630313031303030303030"),
        ("time with fraction", "8011323032363031303130303030303" + "02e315a"),
        ("30th of February", "800f32303236303233303030303030305a"),
        ("fields swapped", "81017880" + "0f32303236303130313030303030305a"),
        ("unknown field", "8401ff"), ("field twice", "810178810178"),
    ]

    @Test func `a configuration outside its ranges is refused`() throws {
        let head = try [UInt8](hex: "0201010a0101180f32303236303130313030303030305a")
        #expect(throws: Never.self) {
            try KeyConfig(parsing: [0x30, UInt8(head.count)] + head)
        }
        for (name, tail) in Self.refused {
            let body = head + (try [UInt8](hex: tail))
            #expect(throws: PKIError.self, "\(name)") {
                try KeyConfig(parsing: [0x30, UInt8(body.count)] + body)
            }
        }
    }

    @Test func `a week may have as many windows as an attestation has room for`() throws {
        let window = try WeeklyWindow(days: 1, fromMinute: 1000, toMinute: 1440)
        func attestation(windows: Int) throws -> Attestation {
            let key = KeyConfig(
                profile: .full, notBefore: Self.start,
                weekly: Array(repeating: window, count: windows))
            let owner = PrivateKey.generate(.system, for: "owner")
            return try Attestation.signed(
                AttestationBody(
                    vehicleId: VehicleID([1, 2, 3, 4, 5, 6, 7, 8]),
                    ownerKeyId: owner.publicKey.keyId,
                    friendPK: PrivateKey.generate(.system, for: "friend").publicKey,
                    slotId: SlotID(generation: 0, position: 2), protocolVersion: [2, 0],
                    keyConfig: key, issuedAt: Self.start,
                    nonce: [UInt8](repeating: 1, count: 16)), by: owner)
        }
        let longest = try attestation(windows: 35)
        #expect(longest.encoded.count <= 766)
        #expect(try Attestation(parsing: longest.encoded) == longest)
        for windows in [36, 37, 100, 1000] {
            #expect(throws: PKIError.self) { try attestation(windows: windows) }
        }
    }
}
