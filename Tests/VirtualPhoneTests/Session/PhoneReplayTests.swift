// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import Testing

@testable import VirtualPhone

@Suite struct PhoneReplayTests {
    /// A pairing, and the phone before it.
    private func recorded(
        environment: String = "testing"
    ) throws -> (trace: TapTrace, start: PhoneCard.Snapshot) {
        let world = try TestWorld()
        var car = try JoinedCar(world)
        try car.enterPairingMode()
        var phone = try world.phone("alice")
        try phone.enterPairingMode(password: JoinedCar.password, at: car.now)
        let (start, draws) = (phone.snapshot, DrawLog(.system))
        draws.remember(true)
        phone = PhoneCard(snapshot: start, random: draws.random)
        var trace = TapTrace(
            header: .init(side: .phone, environment: environment, name: "alice", at: car.now))
        var session = ReaderSession(record: car.record, purpose: .pairing, random: .system)
        var step = session.start(at: car.now)
        while true {
            switch step.next {
            case .transmit(let command):
                let response = phone.respond(to: command, at: car.now)
                trace.note(
                    command, response, ms: 0, at: car.now, keys: phone.traceKeys,
                    draws: draws.take())
                step = session.received(response, at: car.now)
            case .fieldReset:
                phone.fieldLost()
                trace.noteFieldLost(ms: 0)
                step = session.fieldWasReset(at: car.now)
            case .wait: step = session.waited(at: car.now)
            case .finish(let outcome):
                #expect(outcome.result == .paired)
                return (trace, start)
            }
        }
    }

    @Test func `a pairing played again is answered as recorded`() throws {
        let (trace, start) = try recorded()
        let read = try #require(TapTrace(parsing: trace.text()))
        #expect(read.lines == trace.lines)
        let replay = PhoneReplay(read, snapshot: start).comparison
        #expect(replay.differences == [])
        #expect(replay.equal == trace.lines.count { $0.command != nil })
    }

    @Test func `a phone that answers otherwise is found at the first difference`() throws {
        let (trace, before) = try recorded()
        var start = before
        start.phone.versions = [.v0200]
        let first = try #require(PhoneReplay(trace, snapshot: start).comparison.differences.first)
        #expect(first.index == 0 && first.title == "SELECT framework")
        start.phone.versions = [.v0200, .v0100]
        start.phone.automakers = []
        let later = try #require(PhoneReplay(trace, snapshot: start).comparison.differences.first)
        #expect(later.title == "WRITE DATA: last piece")
        #expect(later.text == "answered 6a80, recorded 9000")
    }

    @Test func `a trace of the environment production holds nothing a listener has not heard`()
        throws
    {
        let (trace, _) = try recorded(environment: "production")
        #expect(trace.lines.allSatisfy { $0.keys == nil && $0.draws == nil })
        #expect(trace.header.phone == nil)
        let names = trace.annotated().flatMap(\.apdus).flatMap(\.parts).map(\.name)
        #expect(names.contains("protected, no keys in this trace"))
    }

    @Test(arguments: ["", "{}", "nonsense", "{\"format\":\"latchkey-trace-2\"}"])
    func `what is no trace is not read`(text: String) {
        #expect(TapTrace(parsing: text) == nil)
    }

    @Test func `a trace with a damaged command is not read, as a part of it would be`() throws {
        let (trace, _) = try recorded()
        let text = try trace.text()
        #expect(TapTrace(parsing: text)?.lines == trace.lines)
        #expect(
            TapTrace(parsing: text.replacing("\"command\":\"00", with: "\"command\":\"zz")) == nil)
        #expect(TapTrace(parsing: String(text.dropLast(20))) == nil)
    }
}
