// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import Testing

@testable import VirtualPhone

/// Signaling bits 4 and 5 from car to phone and back.
@Suite struct MessageStoryTests {
    let world: TestWorld

    init() throws { world = try TestWorld() }

    private func area(of phone: PhoneCard, _ key: KeyID) throws -> [UInt8] {
        Array(try phone.element.privateMailbox(of: key)[0x12..<0x40])
    }

    /// Writes the area and the bits as a car would.
    private func put(
        _ bytes: [UInt8], _ bits: SignalingBits, into phone: inout PhoneCard, _ key: KeyID
    ) throws {
        try phone.element.updatePrivateMailbox(of: key) { endpoint in
            endpoint.signaling = bits
            return endpoint.mailboxes.write(bytes, to: .privateMailbox, at: 0x12)
        }
    }

    @Test func `what a car says reaches the phone of the key, and the next one after it`() throws {
        var (car, alice, key) = try JoinedCar.paired(world)
        for text in ["Tyre pressure is low", "Tyre pressure is fine"] {
            car.record.leave(try CarMessage(text), for: key)
            _ = try car.tap(&alice, .transaction(.unlock))
            #expect(alice.takeMessages().isEmpty, "a fast transaction")
            _ = try car.tap(&alice, .dashboard)
            alice.restart()
            let came = alice.takeMessages()
            #expect(came.map(\.key) == [key] && came.map(\.message.text) == [text])
            #expect(alice.takeMessages().isEmpty)
            #expect(try alice.state.key(key).message?.text == text)
            #expect(try alice.element.privateMailbox(of: key).first == 0)
            #expect(try area(of: alice, key).allSatisfy { $0 == 0 })
            #expect(car.record.owner?.message == nil)
        }
    }

    /// Contents no car of ours leaves.
    static let nonsense: [[UInt8]] = [
        [], [0xC2], [0xC2, 0], [0xC2, 46, 0x41], [0xC2, 0xFF], [0xC2, 2, 0xC3, 0x28],
        [0xC2, 1, 0x1B], [0xC3, 2, 1, 2], [0xDE], [UInt8](repeating: 0xFF, count: 46),
        [0xC1, 0x2E] + [UInt8](repeating: 0x03, count: 44),
    ]

    @Test(arguments: nonsense)
    func `what is no message is cleared all the same, and breaks nothing`(bytes: [UInt8]) throws {
        var (car, alice, key) = try JoinedCar.paired(world)
        for bits: SignalingBits in [.dataForPhone, [.dataForPhone, .dataForCar]] {
            try put(bytes, bits, into: &alice, key)
            #expect(alice.takeMessages().isEmpty)
            let left = try alice.element.privateMailbox(of: key)
            #expect(left.first == bits.subtracting(.dataForPhone).rawValue)
            #expect(left[0x12] == 0 || bits.contains(.dataForCar))
            #expect(try car.tap(&alice, .dashboard).transaction == .standard)
            #expect(try alice.element.privateMailbox(of: key).first == 0)
        }
    }

    @Test func `unknown objects beside a message are not read and not kept`() throws {
        var (_, alice, key) = try JoinedCar.paired(world)
        try put([0xC9, 1, 7, 0xC2, 2, 0x68, 0x69, 0xC3, 0], .dataForPhone, into: &alice, key)
        #expect(alice.takeMessages().map(\.message.text) == ["hi"])
        #expect(try area(of: alice, key).allSatisfy { $0 == 0 })
        // Without the bit nothing is for the phone.
        try put([0xC2, 2, 0x68, 0x69], [], into: &alice, key)
        #expect(alice.takeMessages().isEmpty)
        #expect(try area(of: alice, key).first == 0xC2)
    }

    @Test func `a retire list finds an unread message, and both arrive`() throws {
        var (car, alice, key) = try JoinedCar.paired(world)
        car.record.leave(try CarMessage(String(repeating: "w", count: 44)), for: key)
        _ = try car.tap(&alice, .dashboard)
        let slots = (2...8).map { SlotID(generation: 0, position: $0) }
        try alice.retire(slots, with: key)
        #expect(try alice.state.key(key).message?.text.count == 44)
        #expect(
            try alice.element.privateMailbox(of: key).first == SignalingBits.dataForCar.rawValue)
        #expect(try area(of: alice, key).starts(with: [0xC1, 14]))
        // The car takes the list, and leaves what waits, in one visit.
        car.record.leave(try CarMessage("Next"), for: key)
        _ = try car.tap(&alice, .dashboard)
        #expect(slots.allSatisfy { car.record.slots.state(of: $0) == .retired })
        #expect(alice.takeMessages().map(\.message.text) == ["Next"])
        // A message that came beside a list leaves the list where it is.
        try put([0xC2, 1, 0x41, 0xC1, 2, 1, 3], [.dataForCar, .dataForPhone], into: &alice, key)
        #expect(alice.takeMessages().count == 1)
        #expect(try area(of: alice, key).starts(with: [0xC1, 2, 1, 3, 0]))
    }

    @Test func `a list that does not fit takes no message either`() throws {
        var (_, alice, key) = try JoinedCar.paired(world)
        try put([0xC2, 1, 0x41], .dataForPhone, into: &alice, key)
        let tooMany = (UInt8(0)...20).map { SlotID(generation: $0, position: 2) }
        #expect(throws: PhoneError.full) { try alice.retire(tooMany, with: key) }
        #expect(alice.takeMessages().count == 1)
    }

    @Test func `a message survives whatever happens to one step of its tap`() throws {
        var (car, alice, key) = try JoinedCar.paired(world)
        let text = "Service due"
        car.record.leave(try CarMessage(text), for: key)
        let mishaps: [Mishap] = [
            .commandLost, .answerLost, .doubled(heardFirst: true), .doubled(heardFirst: false),
            .blink, .answerCut(9), .commandFlipped(bit: 90), .answerFlipped(bit: 40),
            .carDies(saved: false), .carDies(saved: true), .phoneDies(saved: false),
            .phoneDies(saved: true),
        ]
        for mishap in mishaps {
            for step in 0..<9 {
                var tap = try Conversation(
                    car.record, alice, .dashboard, at: car.now, random: world.random)
                try tap.run([step: mishap])
                for isRead in [false, true] {
                    var phone = tap.phone
                    var seen = isRead ? phone.takeMessages() : []
                    var healing = Healing(tap.record, phone, tap.now)
                    try healing.tap(.dashboard)
                    phone = healing.phone
                    seen += phone.takeMessages()
                    #expect(healing.record.owner?.message == nil, "\(mishap) at \(step)")
                    // Once, or twice the same.
                    #expect(Set(seen.map(\.message.text)) == [text], "\(mishap) at \(step)")
                }
            }
        }
    }

    @Test func `a key that is to end works until then, its car knows, and it can stay`() throws {
        var (car, alice, key) = try JoinedCar.paired(world)
        let end = car.now.adding(seconds: 1800)
        for stays in [true, false] {
            try alice.endKey(key, at: end)
            alice.restart()
            #expect(alice.endOverdueKeys(at: end.adding(seconds: -1)) == [])
            guard case .driveReady = try car.tap(&alice, .dashboard).result else {
                Issue.record("does not drive")
                return
            }
            #expect(car.record.owner?.endingSince == car.now)
            guard stays else { break }
            try alice.endKey(key, at: nil)
            #expect(alice.endOverdueKeys(at: end) == [])
            _ = try car.tap(&alice, .dashboard)
            #expect(car.record.owner?.endingSince == nil)
        }
        #expect(alice.endOverdueKeys(at: end) == [key])
        #expect(alice.endOverdueKeys(at: end) == [])
        #expect(alice.element.phase(of: key) == .terminated && alice.state.ended.count == 1)
        _ = try car.tap(&alice, .dashboard)
        // The bit ended nothing; that the key has gone the car hears from its automaker.
        #expect(car.record.owner?.state == .active)
        #expect(throws: PhoneError.wrongPhase(.terminated)) { try alice.endKey(key, at: end) }
        #expect(throws: PhoneError.unknownKey) {
            try alice.endKey(KeyID(uncheckedBytes: [UInt8](repeating: 1, count: 20)), at: end)
        }
    }

    @Test func `a message and a pending end go with the phone into its file`() throws {
        var (_, alice, key) = try JoinedCar.paired(world)
        try put([0xC2, 2, 0x68, 0x69], .dataForPhone, into: &alice, key)
        _ = alice.takeMessages()
        try alice.endKey(key, at: TestWorld.noon)
        let again = try PhoneCard.Snapshot(alice.snapshot.file(environment: "testing"))
        #expect(again == alice.snapshot)
    }
}
