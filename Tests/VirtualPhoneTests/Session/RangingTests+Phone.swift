// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import Testing

@testable import VirtualPhone

/// What the phone makes of a car's frames.
extension RangingTests {
    @Test func `a phone that cannot believe the start says one thing, whatever the reason`() throws
    {
        var (car, alice) = (car, alice)
        var session = try car.record.beginRanging(of: slot, at: car.now, random: car.random)
        guard case .send(let start) = session.start() else { return }
        let noSecret = RangingMessage.end(.noSecret).frame
        for position in [0, 8, 16, 19, 20, 28, 35] {
            #expect(
                car.send(Self.flipped(start, at: position), to: &alice) == noSecret,
                "byte \(position)")
        }
        var suspended = alice
        try suspended.suspendKey(key)
        #expect(car.send(start, to: &suspended) == noSecret)
        var nobody = try world.phone("nobody")
        nobody.interface = .wired
        #expect(car.send(start, to: &nobody) == noSecret)
        var older = car
        older.now = car.now.adding(seconds: 86_400)
        var late = alice
        #expect(older.send(start, to: &late) == noSecret)
        var tapped = alice
        tapped.interface = .contactless
        #expect(tapped.receive(start, at: car.now) == nil)
        // None of them has used the secret up; the real start does, once.
        #expect(alice.element.rangingSecret(of: key) != nil)
        #expect(car.send(start, to: &alice)?.id == 0x03)
        #expect(alice.element.rangingSecret(of: key) == nil)
        #expect(car.send(start, to: &alice) == noSecret)
    }

    @Test func `the phone answers each round once, in order, in its session only`() throws {
        var (car, alice) = (car, alice)
        var session = try car.record.beginRanging(of: slot, at: car.now, random: car.random)
        guard case .send(let start) = session.start() else { return }
        let fresh = alice
        let answer = try #require(car.send(start, to: &alice))
        _ = session.received(answer, measured: nil, after: .zero)
        guard case .send(let first) = session.waited(after: .zero) else { return }
        var early = fresh
        #expect(car.send(first, to: &early) == RangingMessage.end(.otherSession).frame)
        let began = alice
        let once = try #require(car.send(first, to: &alice))
        #expect(once.id == 0x03)
        #expect(car.send(first, to: &alice) == RangingMessage.end(.oldRound).frame)
        // The refusal has ended the session.
        #expect(car.send(first, to: &alice) == RangingMessage.end(.otherSession).frame)
        for (position, reason) in [
            (0, RangingReason.otherSession), (8, .wrongMAC), (12, .wrongMAC), (27, .wrongMAC),
        ] {
            var phone = began
            #expect(
                car.send(Self.flipped(first, at: position), to: &phone)
                    == RangingMessage.end(reason).frame, "byte \(position)")
        }
        var lost = began
        try lost.suspendKey(key)
        #expect(car.send(first, to: &lost) == RangingMessage.end(.otherSession).frame)
        var gone = began
        gone.fieldLost()
        #expect(car.send(first, to: &gone) == RangingMessage.end(.otherSession).frame)
        var confused = began
        #expect(car.send(once, to: &confused) == RangingMessage.end(.malformed).frame)
        let distance = RangingMessage.simulatedDistance(centimetres: 1).frame
        #expect(car.send(distance, to: &confused) == RangingMessage.end(.malformed).frame)
    }

    @Test func `a car's frame cut at any byte is malformed, and leaves the secret`() throws {
        var (car, alice) = (car, alice)
        var session = try car.record.beginRanging(of: slot, at: car.now, random: car.random)
        guard case .send(let start) = session.start() else { return }
        let malformed = RangingMessage.end(.malformed).frame
        for count in 0..<start.data.count {
            var phone = alice
            let cut = Self.cut(start, to: count)
            #expect(car.send(cut, to: &phone) == malformed, "\(count) bytes of the start")
            #expect(phone.element.rangingSecret(of: key) != nil)
        }
        let answer = try #require(car.send(start, to: &alice))
        _ = session.received(answer, measured: nil, after: .zero)
        guard case .send(let challenge) = session.waited(after: .zero) else { return }
        for count in 0..<challenge.data.count {
            var phone = alice
            let cut = Self.cut(challenge, to: count)
            #expect(car.send(cut, to: &phone) == malformed, "\(count) bytes of the challenge")
            // The session is over with it.
            #expect(
                car.send(challenge, to: &phone) == RangingMessage.end(.otherSession).frame)
        }
    }

    @Test func `without express mode the phone wants its user`() throws {
        var (car, alice) = (car, alice)
        alice.conditions.expressMode = false
        #expect(car.range(&alice, of: slot) == .refused(.needsAuthentication, centimetres: nil))
        #expect(alice.element.rangingSecret(of: key) != nil)
        alice.conditions.isUnlocked = true
        #expect(try car.tap(&alice, .transaction(.presence)).result == .present)
        #expect(car.range(&alice, of: slot) == .near(centimetres: 150, rounds: 3))
    }

    @Test func `any bytes from a car leave a phone that answers`() throws {
        var (car, alice) = (car, alice)
        for type in UInt8(0)...8 {
            for id in UInt8.min...UInt8.max {
                let frame = StreamFrame(
                    .init(rawValue: type), id, [UInt8](repeating: id, count: Int(id) % 40))
                _ = alice.receive(frame, at: car.now)
            }
        }
        #expect(car.range(&alice, of: slot) == .near(centimetres: 150, rounds: 3))
    }
}
