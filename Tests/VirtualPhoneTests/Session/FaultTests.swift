// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

/// Every message of a tap is lost, doubled and flipped once; the next clean tap works.
@Suite("One fault per tap")
struct FaultTests {
    let world: TestWorld

    init() throws { world = try TestWorld() }

    /// One case per kind: the slowest of these tests then uses every core.
    @Test(arguments: 0..<5) func `owner pairing survives every single fault`(kind: Int) throws {
        let all = faults(commands: try cleanPairing(), flips: [11])
        for fault in stride(from: kind, to: all.count, by: 5).map({ all[$0] }) {
            var car = try JoinedCar(world)
            var alice = try world.phone("alice")
            try car.enterPairingMode()
            try alice.enterPairingMode(password: JoinedCar.password, at: car.now)
            let outcome = try car.tap(&alice, .dashboard, fault: fault)
            // Around the announced field reset the phone waits a minute for the car.
            alice.timePassed(until: car.now.adding(seconds: 61))
            expectNothingHalfMade(alice, "\(fault)")
            if outcome.result == .paired {
                #expect(car.record.owner?.keyId == alice.element.keyIds.first, "\(fault)")
            }
            try expectRepair(&car, &alice, "\(fault)")
        }
    }

    @Test func `driving survives every single fault`() throws {
        let start = try JoinedCar.paired(world)
        var (clean, phone, key) = start
        _ = try clean.tap(&phone, .dashboard)
        for fault in faults(commands: clean.commands.count) {
            var (car, alice, _) = start
            _ = try car.tap(&alice, .dashboard, fault: fault)
            #expect(alice.element.phase(of: key) == .active, "\(fault)")
            alice.restart()
            #expect(
                try car.tap(&alice, .transaction(.unlock)).result == .unlocked(.all), "\(fault)")
        }
    }

    @Test func `a fast unlock survives every single fault`() throws {
        let start = try JoinedCar.paired(world)
        var (clean, phone, _) = start
        _ = try clean.tap(&phone, .transaction(.unlock))
        for fault in faults(commands: clean.commands.count) {
            var (car, alice, _) = start
            _ = try car.tap(&alice, .transaction(.unlock), fault: fault)
            #expect(
                try car.tap(&alice, .transaction(.unlock)).result == .unlocked(.all), "\(fault)")
        }
    }

    @Test func `a friend's first tap survives every single fault`() throws {
        var (clean, alice, owner) = try JoinedCar.paired(world)
        var phone = try world.phone("bob")
        let key = try world.share(from: &alice, owner, to: &phone)
        let (start, friend) = (clean, phone)
        _ = try clean.tap(&phone, .dashboard)
        for fault in faults(commands: clean.commands.count) {
            var (car, bob) = (start, friend)
            _ = try car.tap(&bob, .dashboard, fault: fault)
            bob.restart()
            let outcome = try car.tap(&bob, .transaction(.unlock))
            #expect(outcome.result == .unlocked(.all), "\(fault)")
            #expect(outcome.keyId == key, "\(fault)")
        }
    }

    @Test func `a refill survives every single fault and gives no slot twice`() throws {
        var (clean, phone, owner) = try JoinedCar.paired(world)
        var bob = try world.phone("bob")
        _ = try world.share(from: &phone, owner, to: &bob)
        let (start, before) = (clean, phone)
        _ = try clean.tap(&phone, .dashboard)
        for fault in faults(commands: clean.commands.count) {
            var (car, alice) = (start, before)
            _ = try car.tap(&alice, .dashboard, fault: fault)
            _ = try car.tap(&alice, .dashboard)
            let mailbox = try alice.element.privateMailbox(of: owner)
            #expect(mailbox.prefix(2) == [0x00, 0xFF], "\(fault)")
            let slot = try alice.share(owner, world.offer()).slotId
            #expect(car.record.slots.state(of: slot) == .issued, "\(fault)")
        }
    }

    @Test func `an approach survives every single fault`() throws {
        var start = try JoinedCar.paired(world, options: .ownerPassiveEntry)
        start.1.interface = .wired
        let slot = try #require(start.0.record.owner?.slotId)
        var (clean, phone, _) = start
        _ = try clean.tap(&phone, .transaction(.presence))
        for fault in faults(commands: clean.commands.count) {
            var (car, alice, _) = start
            _ = try car.tap(&alice, .transaction(.presence), fault: fault)
            alice.restart()
            alice.interface = .wired
            #expect(
                try car.tap(&alice, .transaction(.presence)).result == .present, "\(fault)")
            #expect(
                car.range(&alice, of: slot) == .near(centimetres: 150, rounds: 3), "\(fault)")
        }
    }

    @Test func `power lost anywhere in ranging costs a transaction and nothing else`() throws {
        var start = try JoinedCar.paired(world, options: .ownerPassiveEntry)
        start.1.interface = .wired
        let slot = try #require(start.0.record.owner?.slotId)
        _ = try start.0.tap(&start.1, .transaction(.presence))
        for round in 0...3 {
            for phoneDies in [true, false] {
                var (car, alice, _) = start
                let result = car.range(&alice, of: slot) { number, answer, _ in
                    number == round ? nil : answer
                }
                #expect(result == .refused(.timeout, centimetres: nil))
                if phoneDies { alice.restart() } else { alice.fieldLost() }
                alice.interface = .wired
                #expect(car.range(&alice, of: slot) == .refused(.noSecret, centimetres: nil))
                #expect(try car.tap(&alice, .transaction(.presence)).transaction == .standard)
                #expect(car.range(&alice, of: slot) == .near(centimetres: 150, rounds: 3))
            }
        }
    }

    private func faults(commands: Int, flips: [Int] = [0, 1, 11, 20, 70, 77]) -> [Fault] {
        (0..<commands).flatMap { index -> [Fault] in
            [.commandLost(index), .answerLost(index), .commandDoubled(index)]
                + flips.map { .commandFlipped(index, byte: $0) }
                + flips.map { .answerFlipped(index, byte: $0) }
        }
    }

    private func cleanPairing() throws -> Int {
        var car = try JoinedCar(world)
        var alice = try world.phone("alice")
        try car.enterPairingMode()
        try alice.enterPairingMode(password: JoinedCar.password, at: car.now)
        _ = try car.tap(&alice, .dashboard)
        return car.commands.count
    }

    private func expectNothingHalfMade(_ phone: PhoneCard, _ place: String) {
        for key in phone.element.keyIds where phone.element.phase(of: key) == .creating {
            Issue.record("\(place): a half-made key")
        }
        #expect(phone.state.keys.map(\.id) == phone.element.keyIds, "\(place)")
        #expect(!phone.isPairing, "\(place)")
    }

    /// Both try again as people would, with a fresh password, until the car drives.
    private func expectRepair(
        _ car: inout JoinedCar, _ phone: inout PhoneCard, _ place: String
    ) throws {
        for attempt in 1...3 {
            if case .driveReady = try car.tap(&phone, .dashboard).result { return }
            if car.record.owner != nil { continue }
            try car.enterPairingMode(id: "\(attempt)")
            try phone.enterPairingMode(password: JoinedCar.password, at: car.now)
        }
        Issue.record("\(place): the car was not repaired")
    }
}
