// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import Testing

@testable import VirtualPhone

/// What a gateway records, played again against the recorded answers and against other phones.
@Suite struct CarReplayTests {
    /// Records what a gateway would, until the phone answers command number `leaves` no more.
    private func record(
        _ car: JoinedCar, _ phone: inout PhoneCard, _ purpose: ReaderSession.Purpose,
        leaves: Int? = nil, environment: String = "testing"
    ) throws -> TapTrace {
        let traced = TracedCar(record: car.record, purpose: purpose)
        let draws = DrawLog(.system)
        var trace = TapTrace(
            header: .init(side: .car, environment: environment, name: "roadster", at: car.now))
        trace.note(traced, ms: 0, at: car.now)
        draws.remember(trace.holdsSecrets)
        var session = traced.session(random: draws.random)
        var (step, now, count) = (session.start(at: car.now), car.now, 0)
        while true {
            switch step.next {
            case .transmit(let command):
                now = now.adding(seconds: 1)
                guard count != leaves else {
                    trace.note(command, [], ms: 0, at: now)
                    step = session.fieldLost()
                    continue
                }
                count += 1
                let answer = phone.respond(to: command, at: now)
                step = session.received(answer, at: now)
                trace.note(
                    command, answer, ms: 0, at: now, keys: session.traceKeys, draws: draws.take())
            case .fieldReset:
                phone.fieldLost()
                step = session.fieldWasReset(at: now)
            case .wait: step = session.waited(at: now)
            case .finish:
                phone.fieldLost()
                // As it comes from a file.
                return try #require(TapTrace(parsing: trace.text()))
            }
        }
    }

    /// A car in pairing mode and the phone that was told the password.
    private func pairing(_ world: TestWorld) throws -> (JoinedCar, PhoneCard) {
        var car = try JoinedCar(world)
        try car.enterPairingMode()
        var alice = try world.phone("alice")
        try alice.enterPairingMode(password: JoinedCar.password, at: car.now)
        return (car, alice)
    }

    /// Runs the car of `trace` with a phone that is there.
    private func meet(
        _ trace: TapTrace, _ phone: PhoneCard
    ) throws -> (TraceComparison, Outcome) {
        var phone = phone
        var replay = try #require(CarReplay(trace, .freshPhone))
        while true {
            switch replay.next {
            case .transmit(let command): replay.answered(phone.respond(to: command, at: replay.now))
            case .fieldReset:
                phone.fieldLost()
                replay.fieldWasReset()
            case .wait: replay.waited()
            case .finish(let outcome): return (replay.comparison, outcome)
            }
        }
    }

    @Test(arguments: [ReaderSession.Purpose.transaction(.unlock), .dashboard, .trunk])
    func `a car played again says what it said, fast and standard`(
        purpose: ReaderSession.Purpose
    ) throws {
        var (car, alice, _) = try JoinedCar.paired(TestWorld())
        _ = try car.tap(&alice, .transaction(.unlock))
        let trace = try record(car, &alice, purpose)
        let replay = try #require(CarReplay.recorded(trace)).comparison
        #expect(replay.differences == [])
        #expect(replay.equal == trace.lines.count { $0.command != nil })
    }

    @Test func `a pairing played again says what it said, up to phase 3`() throws {
        var (car, alice) = try pairing(TestWorld())
        let trace = try record(car, &alice, .dashboard)
        let replay = try #require(CarReplay.recorded(trace))
        #expect(replay.comparison.differences == [])
        guard case .finish(let outcome) = replay.next else { throw NotOver() }
        #expect(outcome.result == .paired)
    }

    private struct NotOver: Error {}

    @Test(arguments: 0..<4) func `a tap that was torn is torn at the same place`(
        leaves: Int
    ) throws {
        let (car, owner, _) = try JoinedCar.paired(TestWorld())
        var alice = owner
        let trace = try record(car, &alice, .dashboard, leaves: leaves)
        let replay = try #require(CarReplay.recorded(trace)).comparison
        #expect(replay.differences == [])
        #expect(replay.equal == leaves + 1)
    }

    @Test func `a car that changed is found where it says something else`() throws {
        var (car, alice, _) = try JoinedCar.paired(TestWorld())
        var trace = try record(car, &alice, .transaction(.unlock))
        // As if the code of today knew the lower version only.
        var changed = TapTrace(header: trace.header)
        var other = try #require(trace.lines.first?.car)
        other.record.identity.versions = [.v0100]
        changed.note(other, ms: 0, at: car.now)
        let rest = try trace.text().split(separator: "\n").dropFirst(2)
        trace = try #require(
            TapTrace(parsing: changed.text() + rest.joined(separator: "\n")))
        let found = try #require(CarReplay.recorded(trace)).comparison.differences
        #expect(found.first?.title == "AUTH0: standard, unlock")
        #expect(found.first?.text == "recorded was AUTH0: fast, unlock")
    }

    @Test(arguments: [0, 3])
    func `another phone, also a slow one, is paired and differs in its keys alone`(
        polls: Int
    ) throws {
        let world = try TestWorld()
        var (car, alice) = try pairing(world)
        let trace = try record(car, &alice, .dashboard)
        var bob = try world.phone("bob")
        bob.pendingPolls = polls
        try bob.enterPairingMode(password: JoinedCar.password, at: car.now)
        let (comparison, outcome) = try meet(trace, bob)
        #expect(outcome.result == .paired)
        // Each phone has an instance CA of its own, and there is nothing else.
        #expect(!comparison.differences.isEmpty)
        #expect(
            comparison.differences.allSatisfy { $0.text.hasPrefix("instance CA [E] is ") },
            "\(comparison.differences.map { $0.title + $0.text.prefix(60) })")
    }

    @Test func `the same phone opens again and nothing differs but what is drawn`() throws {
        var (car, alice, _) = try JoinedCar.paired(TestWorld())
        let before = alice
        let trace = try record(car, &alice, .dashboard)
        let (comparison, outcome) = try meet(trace, before)
        #expect(comparison.differences == [])
        guard case .driveReady = outcome.result else { throw NotOver() }
        _ = car
    }

    @Test func `a stranger's phone is named as the difference`() throws {
        var (car, alice, _) = try JoinedCar.paired(TestWorld())
        _ = try car.tap(&alice, .transaction(.unlock))
        let trace = try record(car, &alice, .transaction(.unlock))
        let (comparison, outcome) = try meet(trace, TestWorld().phone("carol"))
        #expect(outcome.result == .refused(ControlFlow.Hint.keyUnknown.sentence, .keyUnknown))
        let found = try #require(comparison.differences.last)
        #expect(found.title == "AUTH1", "\(comparison.differences)")
        #expect(found.text.hasPrefix("recorded was CONTROL FLOW"))
    }

    @Test func `a trace of production holds no car, so there is nothing to play`() throws {
        var (car, alice, _) = try JoinedCar.paired(TestWorld())
        let trace = try record(car, &alice, .dashboard, environment: "production")
        #expect(trace.lines.allSatisfy { $0.car == nil && $0.draws == nil && $0.keys == nil })
        #expect(CarReplay.recorded(trace) == nil)
        #expect(CarReplay(trace, .freshPhone) == nil)
        _ = car
    }
}
