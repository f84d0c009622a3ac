// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyProtocol
import Testing

@Suite struct TerminalIDTests {
    @Test func `door and dashboard of the make for tests are 01 FF F1 and 01 FF F2`() throws {
        #expect(TerminalID(.forTests, at: .door).bytes == [0x01, 0xFF, 0xF1])
        #expect(TerminalID(.forTests, at: .dashboard).bytes == [0x01, 0xFF, 0xF2])
        #expect(TerminalID(.forTests, at: .other(0x15)).bytes == [0x01, 0xFF, 0xF5])
    }

    @Test func `every TCI of a car is read as it was written`() throws {
        for bytes in [[0x01, 0x00, 0x00], [0x01, 0xA5, 0x31], [0x01, 0xFF, 0xFF]] as [[UInt8]] {
            #expect(try TerminalID(parsing: bytes).bytes == bytes)
        }
        let terminal = try TerminalID(parsing: [0x01, 0xA5, 0x31])
        #expect("\(terminal.make)" == "A53")
        #expect(terminal.position == .door)
    }

    @Test(
        arguments: [[], [0x01, 0xFF], [0x02, 0xFF, 0xF1], [0x01, 0xFF, 0xF1, 0x00]] as [[UInt8]])
    func `what is no TCI of a car is refused`(bytes: [UInt8]) {
        #expect(throws: ProtocolError.pollingFrame) { try TerminalID(parsing: bytes) }
    }

    @Test func `a make is three hexadecimal digits`() throws {
        #expect(ReaderMake("0a1").map { "\($0)" } == "0A1")
        for text in ["", "FF", "FFFF", "FFG", "-FF", "0xF", "é1"] {
            #expect(ReaderMake(text) == nil)
        }
        let written = try JSONEncoder().encode([ReaderMake.forTests])
        #expect(String(decoding: written, as: UTF8.self) == "[\"FFF\"]")
        #expect(try JSONDecoder().decode([ReaderMake].self, from: written) == [.forTests])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([ReaderMake].self, from: Data("[\"FFX\"]".utf8))
        }
    }

    @Test func `frames of a reader are those of the vectors`() throws {
        let door = TerminalID(.forTests, at: .door)
        let pairing = PollingFrame(offeringPairing: door)
        #expect(try PollingFrame(parsing: [UInt8](hex: "6a02c3020901fff1ac30")) == pairing)
        let vehicle = try VehicleID(hex: "c1a02c62a152a57e")
        let group = PollingFrame(of: TerminalID(.forTests, at: .dashboard), in: vehicle)
        #expect(group.encoded.hex == "6a02cb020501fff2c1a02c62a152a57e3aac")
        #expect(try PollingFrame(parsing: group.encoded) == group)
    }
}
