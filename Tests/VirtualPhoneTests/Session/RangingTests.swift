// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

@Suite("Ranging with a simulated radio")
struct RangingTests {
    let world: TestWorld
    let car: JoinedCar
    let alice: PhoneCard
    let key: KeyID
    let slot: SlotID

    init() throws {
        world = try TestWorld()
        var (car, alice, key) = try JoinedCar.paired(world, options: .ownerPassiveEntry)
        alice.interface = .wired
        _ = try car.tap(&alice, .transaction(.presence))
        _ = alice.takeEvents()
        slot = try #require(car.record.owner?.slotId)
        (self.car, self.alice, self.key) = (car, alice, key)
    }

    private func range(
        at distances: [UInt16?] = [150], pace: Duration = .milliseconds(30),
        tamper: @escaping Tamper = { _, answer, _ in answer }
    ) -> RangingResult {
        var (car, alice) = (car, alice)
        return car.range(&alice, of: slot, at: distances, pace: pace, tamper: tamper)
    }

    @Test func `three rounds in a row within two metres unlock, and use the secret up`() throws {
        var (car, alice) = (car, alice)
        let result = car.range(&alice, of: slot)
        #expect(result == .near(centimetres: 150, rounds: 3))
        #expect(alice.takeEvents() == [.ranging(key), .rangingEnded(nil)])
        #expect(car.record.owner?.ranging == nil)
        #expect(alice.element.rangingSecret(of: key) == nil)
        #expect(car.range(&alice, of: slot) == .refused(.noSecret, centimetres: nil))
        // The next approach makes a new one.
        #expect(try car.tap(&alice, .transaction(.presence)).transaction == .standard)
        #expect(car.range(&alice, of: slot) == .near(centimetres: 150, rounds: 3))
    }

    @Test(
        arguments: [
            ([150], RangingResult.near(centimetres: 150, rounds: 3)),
            ([0], .near(centimetres: 0, rounds: 3)),
            ([200], .near(centimetres: 200, rounds: 3)),
            ([201], .refused(.tooFar, centimetres: 201)),
            ([65_535], .refused(.tooFar, centimetres: 65_535)),
            // Somebody walks up to the car.
            ([900, 600, 300, 190, 160, 130], .near(centimetres: 130, rounds: 6)),
            // One bad round begins the count again.
            ([100, 100, 201, 100, 100, 99], .near(centimetres: 99, rounds: 6)),
            ([100, 100, nil, 100, 100, 99], .near(centimetres: 99, rounds: 6)),
            // Walking by.
            ([400, 150, 150, 400], .refused(.tooFar, centimetres: 400)),
            // The radio measures nothing.
            ([nil], .refused(.timeout, centimetres: nil)),
            ([150, nil], .refused(.timeout, centimetres: nil)),
        ] as [([UInt16?], RangingResult)])
    func `the distances decide`(_ distances: [UInt16?], _ expected: RangingResult) {
        #expect(range(at: distances) == expected)
    }

    @Test func `a slow phone is not ranged in time`() {
        #expect(
            range(pace: .milliseconds(2_500)) == .refused(.timeout, centimetres: nil))
        #expect(
            range(at: [300], pace: .milliseconds(2_500)) == .refused(.tooFar, centimetres: 300))
        #expect(
            range { round, answer, _ in round == 2 ? nil : answer }
                == .refused(.timeout, centimetres: nil))
    }

    /// A row: what reaches the car, from round `round` on, and the car's reason.
    private func expect(
        _ reason: RangingReason, _ row: String, round: Int = 2,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: @escaping (StreamFrame, [StreamFrame]) -> StreamFrame?
    ) {
        let result = range { number, answer, earlier in
            number == round ? change(answer, earlier) : answer
        }
        #expect(
            result == .refused(reason, centimetres: nil), "\(row)", sourceLocation: sourceLocation)
    }

    @Test func `nothing but the answer to the round just asked is measured`() throws {
        expect(.oldRound, "a replayed round") { _, earlier in earlier.last }
        expect(.oldRound, "the answer to the start again") { _, earlier in earlier.first }
        expect(.otherSession, "session") { answer, _ in Self.flipped(answer, at: 7) }
        for position in [8, 11, 12, 19, 20, 27] {
            expect(.wrongMAC, "byte \(position)") { answer, _ in
                Self.flipped(answer, at: position)
            }
        }
        for round in 0...2 {
            expect(.wrongMAC, "round \(round)", round: round) { answer, _ in
                Self.flipped(answer, at: 27)
            }
        }
        for round in 0...2 {
            for count in 0..<28 {
                expect(.malformed, "\(count) bytes of round \(round)", round: round) { answer, _ in
                    Self.cut(answer, to: count)
                }
            }
        }
        expect(.malformed, "a byte more") { answer, _ in
            StreamFrame(answer.type, answer.id, answer.data + [0])
        }
        expect(.malformed, "an APDU") { _, _ in .response([0x90, 0x00]) }
        for id in [UInt8(0x01), 0x02, 0x05, 0x7F] {
            expect(.malformed, "id \(id)") { answer, _ in
                StreamFrame(answer.type, id, answer.data)
            }
        }
        for reason in RangingReason.allCases {
            expect(reason, "the phone's own word") { _, _ in RangingMessage.end(reason).frame }
        }
        // Only the car unlocks.
        expect(.unspecified, "unlocked, says the phone") { _, _ in RangingMessage.end(nil).frame }
    }

    @Test func `an answer that nobody waits for ends the session`() throws {
        var (car, alice) = (car, alice)
        var session = try car.record.beginRanging(of: slot, at: car.now, random: car.random)
        guard case .send(let start) = session.start() else { return }
        let answer = try #require(car.send(start, to: &alice))
        _ = session.received(answer, measured: 100, after: .zero)
        let doubled = session.received(answer, measured: 100, after: .zero)
        #expect(doubled == .finish(.refused(.oldRound, centimetres: nil)))
        // Nothing brings it back.
        #expect(session.waited(after: .zero) == doubled)
        #expect(session.received(answer, measured: 100, after: .zero) == doubled)
        #expect(session.start() == doubled && session.lost() == doubled)
    }

    @Test func `answers of another session, another key and the car itself are refused`() throws {
        var (other, otherPhone) = (car, alice)
        var recorded: [StreamFrame] = []
        _ = other.range(&otherPhone, of: slot) { _, answer, _ in
            recorded.append(answer)
            return answer
        }
        expect(.otherSession, "recorded before", round: 0) { _, _ in recorded.first }
        let stranger = RangingKeys(
            ursk: SecretBytes([UInt8](repeating: 9, count: 32)), vehicleId: world.vehicleId,
            sessionId: [UInt8](recorded[0].data.prefix(8)))
        expect(.wrongMAC, "another key", round: 1) { answer, _ in
            guard case .response(let round) = try? RangingMessage(parsing: answer) else {
                return nil
            }
            return try? RangingMessage.response(round).sealed(with: stranger, by: .phone).frame
        }
        // The car's own frame back, as the answer it is not.
        var car = car
        var session = try car.record.beginRanging(of: slot, at: car.now, random: car.random)
        guard case .send(let start) = session.start() else { return }
        let mirrored = StreamFrame(.ranging, 0x03, Array(start.data.dropFirst(8)))
        #expect(
            session.received(mirrored, measured: 100, after: .zero)
                == .finish(.refused(.wrongMAC, centimetres: nil)))
    }
}

extension RangingTests {
    @Test func `rights, state and the secret's age are asked first`() throws {
        let never = try WeeklyWindow(days: 0, fromMinute: 0, toMinute: 1)
        func refusal(_ change: (inout JoinedCar) -> Void) -> RangingResult {
            var (car, alice) = (car, alice)
            change(&car)
            return car.range(&alice, of: slot)
        }
        #expect(refusal { $0.record.suspend(key) } == .refused(.keyEnded, centimetres: nil))
        #expect(refusal { $0.record.terminate(key) } == .refused(.keyEnded, centimetres: nil))
        #expect(
            refusal { $0.record.keys[0].config.notAfter = $0.now }
                == .refused(.notValidNow, centimetres: nil))
        #expect(
            refusal { $0.record.keys[0].config.weekly = [never] }
                == .refused(.notValidNow, centimetres: nil))
        #expect(
            refusal { $0.record.keys[0].ranging = nil } == .refused(.noSecret, centimetres: nil))
        #expect(
            refusal { $0.record.configuration.options = .ownerDefault }
                == .refused(.noSecret, centimetres: nil))
        #expect(
            refusal { $0.now = $0.now.adding(seconds: 86_400) }
                == .refused(.secretExpired, centimetres: nil))
        #expect(
            refusal { $0.now = $0.now.adding(seconds: -1) }
                == .refused(.secretExpired, centimetres: nil))
        var expired = car
        expired.now = car.now.adding(seconds: 86_400)
        var phone = alice
        _ = expired.range(&phone, of: slot)
        #expect(expired.record.owner?.ranging == nil)
    }

    static func flipped(_ frame: StreamFrame, at position: Int) -> StreamFrame {
        var frame = frame
        frame.data[position] ^= 0x01
        return frame
    }

    static func cut(_ frame: StreamFrame, to count: Int) -> StreamFrame {
        StreamFrame(frame.type, frame.id, Array(frame.data.prefix(count)))
    }
}
