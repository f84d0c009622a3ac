// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

@Suite("Phone and car joined by a stream")
struct StreamStoryTests {
    let world: TestWorld

    init() throws { world = try TestWorld() }

    @Test(arguments: [ProtocolVersion.v0200, .v0100])
    func `the same transactions run over the stream, and the first makes a ranging secret`(
        _ version: ProtocolVersion
    ) throws {
        var (car, alice, key) = try JoinedCar.paired(
            world, options: .ownerPassiveEntry, versions: [version])
        #expect(car.record.owner?.ranging == nil)
        alice.interface = .wired
        // Fast would be possible, but there is nothing to range with yet.
        let first = try car.tap(&alice, .transaction(.presence))
        #expect(first.result == .present)
        #expect(first.transaction == .standard)
        let secret = try #require(car.record.owner?.ranging)
        #expect(alice.element.rangingSecret(of: key) == secret)
        #expect(secret.secret.exposed.count == 32)
        #expect(secret.secret.exposed != car.record.owner?.kpersistent?.exposed)
        // With a secret that waits, fast is enough and leaves it alone.
        let second = try car.tap(&alice, .transaction(.unlock))
        #expect(second.result == .unlocked(.all))
        #expect(second.transaction == .fast)
        #expect(car.record.owner?.ranging == secret)
        let third = try car.tap(&alice, .transaction(.maintenance))
        #expect(third.transaction == .standard)
        let newer = try #require(car.record.owner?.ranging)
        #expect(newer != secret)
        #expect(alice.element.rangingSecret(of: key) == newer)
    }

    @Test func `a contactless transaction makes no ranging secret and keeps the one there is`()
        throws
    {
        var (car, alice, key) = try JoinedCar.paired(world, options: .ownerPassiveEntry)
        alice.interface = .wired
        _ = try car.tap(&alice, .transaction(.presence))
        let secret = try #require(car.record.owner?.ranging)
        alice.interface = .contactless
        #expect(try car.tap(&alice, .dashboard).result != .present)
        #expect(car.record.owner?.ranging == secret)
        #expect(alice.element.rangingSecret(of: key) == secret)
    }

    @Test(arguments: [KeyOptions(0x8F, 0x0B), .ownerDefault])
    func `a key without the stream bit answers like a stranger's`(_ options: KeyOptions) throws {
        var (car, alice, key) = try JoinedCar.paired(world, options: options)
        var nobody = try world.phone("nobody")
        (alice.interface, nobody.interface) = (.wired, .wired)
        for code in [TransactionCode.presence, .unlock, .maintenance] {
            let known = try car.tap(&alice, .transaction(code))
            let answers = car.answers
            let unknown = try car.tap(&nobody, .transaction(code))
            #expect(known.result == unknown.result)
            #expect(known.result == .refused("This phone has no key for this car.", .keyUnknown))
            #expect(answers.map(\.count) == car.answers.map(\.count))
        }
        #expect(alice.element.rangingSecret(of: key) == nil)
        alice.interface = .contactless
        #expect(try car.tap(&alice, .transaction(.unlock)).result == .unlocked(.all))
    }

    @Test func `a key without the ranging bit is served and makes no ranging secret`() throws {
        var (car, alice, key) = try JoinedCar.paired(world, options: KeyOptions(0x9F, 0x03))
        alice.interface = .wired
        #expect(try car.tap(&alice, .transaction(.presence)).transaction == .fast)
        #expect(try car.tap(&alice, .transaction(.maintenance)).transaction == .standard)
        #expect(car.record.owner?.ranging == nil)
        #expect(alice.element.rangingSecret(of: key) == nil)
    }

    @Test func `keys of one interface open nothing on the other`() throws {
        var (car, alice, _) = try JoinedCar.paired(world, options: .ownerPassiveEntry)
        // The car believes in C3, the phone in 5E: every key differs.
        let record = car.record
        var session = ReaderSession(
            record: record, purpose: .transaction(.presence), interface: .wired,
            random: car.random)
        var step = session.start(at: car.now)
        while case .transmit(let command) = step.next {
            step = session.received(alice.respond(to: command, at: car.now), at: car.now)
        }
        guard case .finish(let outcome) = step.next, case .refused = outcome.result else {
            Issue.record("\(step.next)")
            return
        }
        #expect(session.record.keys == record.keys)
    }

    @Test func `pairing and driving need a reader`() throws {
        var car = try JoinedCar(world, options: .ownerPassiveEntry)
        var alice = try world.phone("alice")
        try car.enterPairingMode()
        try alice.enterPairingMode(password: JoinedCar.password, at: car.now)
        alice.interface = .wired
        for purpose in [
            ReaderSession.Purpose.pairing, .dashboard, .transaction(.pairing), .transaction(.drive),
        ] {
            let outcome = try car.tap(&alice, purpose)
            #expect(outcome.result == .aborted("This needs the phone at a reader."))
            #expect(outcome.commands == 0)
        }
        let select = ApplicationID.framework.select.encoded
        #expect(car.send(.command(select), to: &alice)?.data == [0x6A, 0x82])
        let framework = StreamFrame(.framework, StreamFrame.ID.command, select)
        #expect(car.send(framework, to: &alice)?.encoded.hex == "000c00026a82")
        #expect(car.send(StreamFrame(.event, 0x0B, select), to: &alice) == nil)
        #expect(car.send(StreamFrame(.secureElement, 0x0C, select), to: &alice) == nil)
    }

    @Test func `a friend's first visit may be over the stream, with the owner's options`() throws {
        var (car, alice, owner) = try JoinedCar.paired(world, options: .ownerPassiveEntry)
        var bob = try world.phone("bob")
        let key = try world.share(from: &alice, owner, to: &bob)
        #expect(try bob.element.description(of: key).options == KeyOptions(0x9F, 0x0A))
        bob.interface = .wired
        let first = try car.tap(&bob, .transaction(.presence))
        #expect(first.result == .present)
        #expect(first.transaction == .firstFriend)
        let record = try #require(car.record.keys.first { $0.keyId == key })
        #expect(record.ranging != nil)
        #expect(bob.element.rangingSecret(of: key) == record.ranging)
    }

    @Test func `a friend of an owner without passive entry has the options of before`() throws {
        var (_, alice, owner) = try JoinedCar.paired(world)
        var bob = try world.phone("bob")
        let key = try world.share(from: &alice, owner, to: &bob)
        #expect(try bob.element.description(of: key).options == .friendDefault)
    }
}

extension StreamStoryTests {
    @Test func `suspending, ending and a day delete the ranging secret on both sides`() throws {
        let (car, alice, key) = try ranged()
        var suspendedCar = car
        suspendedCar.record.suspend(key)
        #expect(suspendedCar.record.owner?.ranging == nil)
        suspendedCar.record.resume(key)
        #expect(suspendedCar.record.owner?.ranging == nil)

        var lost = alice
        try lost.suspendKey(key)
        #expect(lost.element.rangingSecret(of: key) == nil)
        try lost.resumeKey(key)
        #expect(lost.element.rangingSecret(of: key) == nil)

        var ended = alice
        try ended.terminateKey(key, reason: .user, at: car.now)
        #expect(ended.element.rangingSecret(of: key) == nil)
        #expect(ended.snapshot.secureElement.rangingKeys?.isEmpty == true)

        var old = alice
        let day = car.now.adding(seconds: 86_400)
        old.timePassed(until: day.adding(seconds: -1))
        #expect(old.element.hasRangingSecret(key, at: car.now))
        old.timePassed(until: day)
        #expect(old.element.rangingSecret(of: key) == nil)

        // The car forgets at its next session, whoever comes.
        var (older, stranger) = (car, try world.phone("nobody"))
        older.now = day
        _ = try older.tap(&stranger, .transaction(.unlock))
        #expect(older.record.owner?.ranging == nil)
    }

    @Test func `a clock that went back ends the ranging secret`() {
        let secret = RangingSecret(
            SecretBytes([UInt8](repeating: 1, count: 32)), since: TestWorld.noon)
        #expect(!secret.isAlive(at: TestWorld.noon.adding(seconds: -1)))
        #expect(secret.isAlive(at: TestWorld.noon))
    }

    @Test func `states saved before there was ranging are read, and the secret survives a restart`()
        throws
    {
        var (car, alice, key) = try JoinedCar.paired(world, options: .ownerPassiveEntry)
        let before = try JSONCoding.encode(alice.snapshot)
        let record = try JSONCoding.encode(car.record)
        #expect(!before.contains("rangingKeys"))
        #expect(!record.contains("ranging\""))
        #expect(try JSONCoding.decode(VehicleRecord.self, record) == car.record)
        alice = PhoneCard(
            snapshot: try JSONCoding.decode(PhoneCard.Snapshot.self, before),
            random: ScriptedRandom(seed: "restarted").source)
        alice.interface = .wired
        _ = try car.tap(&alice, .transaction(.presence))
        let secret = try #require(car.record.owner?.ranging)
        let after = try JSONCoding.encode(alice.snapshot)
        let restarted = PhoneCard(
            snapshot: try JSONCoding.decode(PhoneCard.Snapshot.self, after), random: .system)
        #expect(restarted.element.rangingSecret(of: key) == secret)
        let stored = try JSONCoding.decode(
            VehicleRecord.self, JSONCoding.encode(car.record))
        #expect(stored.owner?.ranging == secret)
    }

    @Test func `the ranging secret is never printed`() throws {
        let (car, alice, key) = try ranged()
        let secret = try #require(alice.element.rangingSecret(of: key)).secret.exposed.hex
        var printed = ""
        dump(car.record, to: &printed)
        dump(alice.snapshot, to: &printed)
        printed += "\(car.record) \(alice.snapshot)"
        #expect(!printed.contains(secret))
        #expect(!printed.contains(secret.uppercased()))
    }

    /// A car and its owner's phone that could range now.
    func ranged() throws -> (JoinedCar, PhoneCard, KeyID) {
        var (car, alice, key) = try JoinedCar.paired(world, options: .ownerPassiveEntry)
        alice.interface = .wired
        _ = try car.tap(&alice, .transaction(.presence))
        return (car, alice, key)
    }
}
