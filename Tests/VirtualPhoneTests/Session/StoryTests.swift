// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

@Suite("Phone and car joined by bytes")
struct StoryTests {
    let world: TestWorld

    init() throws { world = try TestWorld() }

    @Test func `an owner pairs, unlocks fast and drives`() throws {
        var (car, alice, key) = try JoinedCar.paired(world)
        #expect(alice.element.phase(of: key) == .active)
        #expect(alice.state.pairing == nil)
        #expect(car.record.owner?.keyId == key)
        let door = try car.tap(&alice, .transaction(.unlock))
        #expect(door.result == .unlocked(.all))
        #expect(door.transaction == .fast)
        #expect(try drives(&car, &alice))
    }

    @Test func `a car that computes while the phone thinks comes to the same`() throws {
        func day(ahead: Bool) throws -> (VehicleRecord, [Outcome]) {
            var (car, alice, _) = try JoinedCar.paired(world)
            car.preparesAhead = ahead
            let purposes: [TransactionCode] = [.unlock, .drive, .unlock, .lock, .drive]
            let outcomes = try purposes.map { try car.tap(&alice, .transaction($0)) }
            var stranger = try world.phone("stranger")
            return (car.record, outcomes + [try car.tap(&stranger, .transaction(.unlock))])
        }
        let (plain, ahead) = (try day(ahead: false), try day(ahead: true))
        #expect(plain.0 == ahead.0)
        #expect(plain.1 == ahead.1)
    }

    @Test func `a phone that takes its time to make the key is polled`() throws {
        var car = try JoinedCar(world)
        var alice = try world.phone("alice")
        alice.pendingPolls = 4
        try car.enterPairingMode()
        try alice.enterPairingMode(password: JoinedCar.password, at: car.now)
        #expect(try car.tap(&alice, .dashboard).result == .paired)
    }

    @Test(arguments: [ProtocolVersion.v0200, .v0100])
    func `a phone with one version only pairs and drives`(_ version: ProtocolVersion) throws {
        var car = try JoinedCar(world)
        var alice = PhoneCard(
            snapshot: .init(phone: PhoneState(versions: [version])),
            random: ScriptedRandom(seed: "alice").source)
        try world.introduce(&alice)
        try car.enterPairingMode()
        try alice.enterPairingMode(password: JoinedCar.password, at: car.now)
        #expect(try car.tap(&alice, .dashboard).result == .paired)
        #expect(try car.tap(&alice, .transaction(.unlock)).transaction == .fast)
        #expect(try drives(&car, &alice))
    }

    @Test func `a friend opens with the package, then fast, until the owner revokes`() throws {
        var (car, alice, owner) = try JoinedCar.paired(world)
        var bob = try world.phone("bob")
        let key = try world.share(from: &alice, owner, to: &bob)
        let package = bob.snapshot
        let first = try car.tap(&bob, .transaction(.unlock))
        #expect(first.result == .unlocked(.all))
        #expect(first.transaction == .firstFriend)
        #expect(first.keyId == key)
        #expect(try bob.element.privateMailbox(of: key).first == 0)
        #expect(try car.tap(&bob, .transaction(.unlock)).transaction == .fast)
        #expect(try drives(&car, &bob))
        car.record.terminate(key)
        #expect(hint(try car.tap(&bob, .transaction(.unlock))) == .keySuspendedOrTerminated)
        // The phone as it was before its first tap, with the package still in its mailbox.
        var replay = PhoneCard(snapshot: package, random: ScriptedRandom(seed: "replay").source)
        #expect(hint(try car.tap(&replay, .transaction(.unlock))) == .keySuspendedOrTerminated)
    }

    @Test func `a friend's first tap needs the code the owner set`() throws {
        var (car, alice, owner) = try JoinedCar.paired(world)
        var bob = try world.phone("bob")
        let request = try alice.share(owner, world.offer(code: "424242"))
        let signing = try bob.accept(request, at: car.now)
        try bob.importKey(alice.sign(signing, slot: request.slotId, of: owner, at: car.now))
        #expect(hint(try car.tap(&bob, .transaction(.unlock))) == .needsAuthentication)
        #expect(
            hint(try car.tap(&bob, .transaction(.unlock), code: "424243"))
                == .needsAuthentication)
        #expect(
            try car.tap(&bob, .transaction(.unlock), code: "424242").result == .unlocked(.all))
    }

    @Test func `a key revoked before its first use never opens`() throws {
        var (car, alice, owner) = try JoinedCar.paired(world)
        var bob = try world.phone("bob")
        let key = try world.share(from: &alice, owner, to: &bob)
        try alice.retire([bob.element.description(of: key).slotId], with: owner)
        _ = try car.tap(&alice, .dashboard)
        #expect(try alice.element.privateMailbox(of: owner).dropFirst(0x12).first == 0)
        #expect(hint(try car.tap(&bob, .transaction(.unlock))) == .keySuspendedOrTerminated)
    }

    @Test func `used slots are refilled at the owner's next standard tap`() throws {
        var (car, alice, owner) = try JoinedCar.paired(world)
        var bob = try world.phone("bob")
        _ = try world.share(from: &alice, owner, to: &bob)
        #expect(try alice.element.privateMailbox(of: owner)[1] == 0xFD)
        _ = try car.tap(&alice, .dashboard)
        #expect(try alice.element.privateMailbox(of: owner).prefix(2) == [0x00, 0xFF])
        #expect(try alice.share(owner, world.offer()).slotId == SlotID(generation: 1, position: 2))
    }

    @Test func `a car that wants the receipt drives once it was read`() throws {
        var (car, alice, owner) = try JoinedCar.paired(world, options: KeyOptions(0x8F, 0x07))
        #expect(hint(try car.tap(&alice, .dashboard)) == .receiptMissing)
        let body = KtsReceiptBody(
            vehicleId: world.vehicleId, keyId: owner,
            slotId: try alice.element.description(of: owner).slotId, time: car.now,
            ktsKeyId: world.server.publicKey.keyId)
        try alice.storeReceipt(.signed(body, by: world.server), for: owner)
        #expect(try drives(&car, &alice))
        #expect(try alice.element.privateMailbox(of: owner).first == 0)
    }

    @Test func `a lost phone opens nothing until it is found`() throws {
        var (car, alice, key) = try JoinedCar.paired(world)
        try alice.suspendKey(key)
        #expect(hint(try car.tap(&alice, .transaction(.unlock))) == .keyUnknown)
        try alice.resumeKey(key)
        #expect(try car.tap(&alice, .transaction(.unlock)).result == .unlocked(.all))
        try alice.terminateKey(key, reason: .user, at: car.now)
        #expect(hint(try car.tap(&alice, .transaction(.unlock))) == .keyUnknown)
    }

    @Test func `a stale secret ends in a standard transaction, unnoticed`() throws {
        var (car, alice, key) = try JoinedCar.paired(world)
        alice.element.keepPersistentKey(PersistentSecret([UInt8](repeating: 1, count: 32)), of: key)
        let outcome = try car.tap(&alice, .transaction(.unlock))
        #expect(outcome.result == .unlocked(.all))
        #expect(outcome.transaction == .standard)
        #expect(try car.tap(&alice, .transaction(.unlock)).transaction == .fast)
    }

    @Test func `a phone without express mode opens when its user has authenticated`() throws {
        var (car, alice, _) = try JoinedCar.paired(world)
        alice.conditions.expressMode = false
        #expect(hint(try car.tap(&alice, .transaction(.unlock))) == .needsAuthentication)
        #expect(hint(try car.tap(&alice, .dashboard)) == .needsAuthentication)
        alice.conditions.isUnlocked = true
        #expect(try car.tap(&alice, .transaction(.unlock)).result == .unlocked(.all))
    }

    @Test func `a phone in power reserve opens, and in express mode only`() throws {
        var (car, alice, _) = try JoinedCar.paired(world)
        alice.conditions.frameworkRuns = false
        #expect(try car.tap(&alice, .transaction(.unlock)).result == .unlocked(.all))
        // Nobody can authenticate on a flat phone, whatever is said of its user.
        alice.conditions.isUnlocked = true
        alice.conditions.expressMode = false
        #expect(hint(try car.tap(&alice, .transaction(.unlock))) == .needsAuthentication)
    }

    @Test func `pairing the same phone again ends its older key`() throws {
        var (car, alice, older) = try JoinedCar.paired(world)
        try car.enterPairingMode(id: "second")
        try alice.enterPairingMode(password: JoinedCar.password, at: car.now)
        #expect(try car.tap(&alice, .dashboard).result == .paired)
        #expect(alice.element.phase(of: older) == .terminated)
        #expect(alice.state.ended.map(\.id) == [older])
        #expect(car.record.owner?.keyId != older)
        #expect(try car.tap(&alice, .transaction(.unlock)).result == .unlocked(.all))
    }

    @Test func `a second owner's phone replaces the first, whose friends stay`() throws {
        var (car, alice, owner) = try JoinedCar.paired(world)
        var bob = try world.phone("bob")
        let friend = try world.share(from: &alice, owner, to: &bob)
        #expect(try car.tap(&bob, .transaction(.unlock)).result == .unlocked(.all))
        // Offered, but not used before the car has another owner.
        var dave = try world.phone("dave")
        _ = try world.share(from: &alice, owner, to: &dave)
        var carol = try world.phone("carol")
        try car.enterPairingMode(id: "second")
        try carol.enterPairingMode(password: JoinedCar.password, at: car.now)
        #expect(try car.tap(&carol, .dashboard).result == .paired)
        #expect(hint(try car.tap(&alice, .transaction(.unlock))) == .keySuspendedOrTerminated)
        #expect(try car.tap(&carol, .transaction(.unlock)).result == .unlocked(.all))
        let still = try car.tap(&bob, .transaction(.unlock))
        #expect(still.result == .unlocked(.all) && still.keyId == friend)
        #expect(hint(try car.tap(&dave, .transaction(.unlock))) == .keySuspendedOrTerminated)
    }

    @Test func `a wrong password ends pairing mode after seven attempts`() throws {
        var car = try JoinedCar(world)
        var alice = try world.phone("alice")
        try car.enterPairingMode(wrong: true)
        try alice.enterPairingMode(password: JoinedCar.password, at: car.now)
        for attempt in 1...7 {
            guard case .refused = try car.tap(&alice, .pairing).result else {
                Issue.record("attempt \(attempt)")
                return
            }
            #expect((alice.state.pairing == nil) == (attempt == 7))
            alice.restart(seed: "\(attempt)")
        }
        #expect(alice.element.keyIds.isEmpty)
    }

    private func drives(_ car: inout JoinedCar, _ phone: inout PhoneCard) throws -> Bool {
        let outcome = try car.tap(&phone, .dashboard)
        if case .driveReady = outcome.result { return outcome.transaction == .standard }
        return false
    }

    private func hint(_ outcome: Outcome) -> ControlFlow.Hint? {
        if case .refused(_, let hint) = outcome.result { hint } else { nil }
    }
}
