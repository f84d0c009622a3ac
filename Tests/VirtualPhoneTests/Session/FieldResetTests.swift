// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import TestKit
import Testing

@testable import VirtualPhone

@Suite("Pairing across the field reset")
struct FieldResetTests {
    /// Replays the recorded pairing up to and including OP CONTROL FLOW 01.
    private func announced() throws -> (PairingReplay, select: [UInt8], getData: [UInt8]) {
        let vector = try #require(try Vectors.fixture("pairing-trace").cases.first)
        var replay = try PairingReplay(vector)
        var rest = try replay.steps[...]
        while let step = rest.popFirst(), let command = step.optional("command") {
            _ = try replay.send(command.hex())
        }
        let next = rest.popFirst()
        return (
            replay, try #require(next).hex("command"), try #require(rest.first).hex("command")
        )
    }

    private func isRefused(_ answer: [UInt8]) -> Bool { answer == [0x69, 0x85] }

    @Test func `several power events without a command are one loss of field`() throws {
        var (replay, select, getData) = try announced()
        for _ in 1...3 { replay.phone.fieldLost() }
        _ = try replay.send(select)
        #expect(try replay.send(getData).suffix(2) == [0x90, 0x00])
    }

    @Test func `a second loss of field ends the session and deletes the key`() throws {
        var (replay, select, getData) = try announced()
        replay.phone.fieldLost()
        _ = try replay.send(select)
        replay.phone.fieldLost()
        _ = try replay.send(select)
        #expect(isRefused(try replay.send(getData)))
        #expect(replay.phone.element.keyIds.isEmpty)
    }

    @Test func `no loss of field at all ends the session`() throws {
        var (replay, select, getData) = try announced()
        _ = try replay.send(select)
        #expect(isRefused(try replay.send(getData)))
    }

    @Test func `a car that comes back after a minute is too late`() throws {
        var (replay, select, getData) = try announced()
        replay.phone.fieldLost()
        let late = replay.now.adding(seconds: 61)
        _ = replay.phone.respond(to: select, at: late)
        #expect(isRefused(replay.phone.respond(to: getData, at: late)))
        #expect(replay.phone.element.keyIds.isEmpty)
    }

    @Test func `any command between SELECT and GET DATA ends the session`() throws {
        for command in ["00c0000000", "803c0200", "8099000000", "00", ""] {
            var (replay, select, getData) = try announced()
            replay.phone.fieldLost()
            _ = try replay.send(select)
            _ = try replay.send([UInt8](hex: command))
            #expect(isRefused(try replay.send(getData)), "\(command)")
            #expect(replay.phone.element.keyIds.isEmpty, "\(command)")
        }
    }

    @Test func `the car may start over right after the field reset`() throws {
        var (replay, select, getData) = try announced()
        replay.phone.fieldLost()
        _ = try replay.send(select)
        let steps = try replay.steps.compactMap { try $0.optional("command")?.hex() }
        let request = try #require(steps.first { $0.starts(with: [0x80, 0x30]) })
        #expect(replay.phone.respond(to: request, at: replay.now).starts(with: [0x50, 0x41]))
        #expect(replay.phone.element.keyIds.isEmpty)
        #expect(isRefused(try replay.send(getData)))
    }

    @Test func `the car may give up right after the field reset`() throws {
        for (command, hasPassword) in [("803c0000", true), ("803c000d", false)] {
            var (replay, select, getData) = try announced()
            replay.phone.fieldLost()
            _ = try replay.send(select)
            #expect(try replay.send([UInt8](hex: command)).hex == "9000")
            #expect((replay.phone.state.pairing != nil) == hasPassword)
            #expect(isRefused(try replay.send(getData)))
            #expect(replay.phone.element.keyIds.isEmpty)
        }
    }

    @Test func `a phone that dies in between starts without the key`() throws {
        var (replay, _, _) = try announced()
        replay.phone.fieldLost()
        #expect(replay.phone.element.keyIds.count == 1)
        replay.phone.restart()
        #expect(replay.phone.element.keyIds.isEmpty)
        #expect(replay.phone.state.pairing != nil)
    }

    @Test func `no bytes end the phone`() throws {
        let random = ScriptedRandom(seed: "bytes").source
        var (replay, select, _) = try announced()
        for round in 0..<2000 {
            var command = random.bytes(1 + round % 40, for: "command")
            if round % 3 == 0 { command[0] = [0x00, 0x80, 0x84][round % 9 / 3] }
            let answer = try replay.send(command)
            #expect(answer.count >= 2)
            if round % 50 == 0 { replay.phone.fieldLost() }
            if round % 7 == 0 { _ = try replay.send(select) }
            if round % 11 == 0 {
                _ = try replay.send(ApplicationID.applet.select.encoded)
            }
        }
        #expect(replay.phone.element.keyIds.isEmpty)
    }
}
