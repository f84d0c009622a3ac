// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit
import Testing

@testable import VirtualPhone

/// Generated lives of one car: taps of several phones, sharing, revoking, and mishaps in any order.
///
/// `LATCHKEY_SEED` repeats one life, `LATCHKEY_LIVES` asks for more of them.
@Suite struct HistoryTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let lives: ClosedRange<UInt64> = {
        if let seed = environment["LATCHKEY_SEED"].flatMap(UInt64.init) { return seed...seed }
        return 1...(environment["LATCHKEY_LIVES"].flatMap(UInt64.init) ?? 24)
    }()

    @Test(arguments: 0..<4)
    func `no life of a car breaks a promise`(_ part: UInt64) throws {
        for seed in Self.lives where seed % 4 == part {
            var life = try Life(seed: seed)
            do {
                try life.live(taps: 14)
                try life.heal()
            } catch {
                Issue.record("seed \(seed), after \(life.story.joined(separator: "; ")): \(error)")
            }
        }
    }
}

/// One car, its phones, and what happened so far.
struct Life {
    private static let start = try? JoinedCar.paired(TestWorld())

    private(set) var story: [String] = []
    private var numbers: SeededNumbers
    private let world: TestWorld
    private let random: RandomSource
    private var record: VehicleRecord
    private var ledger: Ledger
    private var now = TestWorld.noon
    private var phones: [String: PhoneCard] = [:]
    private var owner: String
    /// Keys that nobody may open with any more.
    private var ended: Set<KeyID> = []

    init(seed: UInt64) throws {
        numbers = SeededNumbers(seed: seed)
        world = try TestWorld()
        random = ScriptedRandom(seed: "life \(seed)").source
        guard let (car, alice, _) = Self.start else {
            throw Ledger.Broken(description: "no car to begin with")
        }
        record = car.record
        ledger = try Ledger(record)
        owner = "alice"
        phones["alice"] = alice
        for name in ["bob", "carol", "stranger"] { phones[name] = try world.phone(name) }
    }

    mutating func live(taps: Int) throws {
        for _ in 0..<taps {
            switch Int.random(in: 0..<10, using: &numbers) {
            case 0, 1: try share()
            case 2: try revoke()
            case 3: try retire()
            case 4: try startPairing()
            case 5: suspendOrResume()
            default: break
            }
            try tap()
        }
    }

    /// At the end the owner opens, twice, the second time fast, and whoever was ended does not.
    mutating func heal() throws {
        story.append("healing")
        record.apply(pairing: nil)
        for key in record.keys { record.resume(key.keyId) }
        for name in phones.keys { phones[name]?.leavePairingMode() }
        if record.owner.map({ phase(owner, $0.keyId) != .active }) ?? true || record.pending != nil
        {
            try repair()
        }
        guard let key = record.owner?.keyId, let phone = phones[owner],
            phone.element.phase(of: key) == .active
        else { throw Ledger.Broken(description: "no owner at the end") }
        var healing = Healing(record, phone, now)
        try healing.tap(.dashboard)
        try healing.tap(.transaction(.unlock))
        guard healing.outcome?.transaction == .fast else {
            throw Ledger.Broken(description: "not fast after a standard transaction")
        }
        try healing.expectFullSlots(of: key)
        for (name, phone) in phones.sorted(by: { $0.key < $1.key }) where name != owner {
            var other = Healing(healing.record, phone, now)
            try other.tapFreely(.transaction(.unlock))
            guard let outcome = other.outcome, outcome.isSuccess, let opened = outcome.keyId else {
                continue
            }
            guard !ended.contains(opened), mayOpen(phone, opened) else {
                throw Ledger.Broken(description: "\(name) opens with an ended key")
            }
        }
    }

    // MARK: - What people do

    private mutating func share() throws {
        let friend = pick(["bob", "carol"])
        guard let key = ownerKey, var from = phones[owner], var to = phones[friend],
            to.element.key(for: world.vehicleId) == nil
        else { return }
        do {
            let given = try world.share(from: &from, key, to: &to)
            story.append("\(owner) shares with \(friend): \(given)")
        } catch {
            guard error as? PhoneError == .noSlotLeft else { throw error }
            story.append("\(owner) has no slot left")
        }
        (phones[owner], phones[friend]) = (from, to)
    }

    /// The key is ended in the car and on the phone; the phone may be given a new one.
    private mutating func revoke() throws {
        let friend = pick(["bob", "carol"])
        guard friend != owner, var phone = phones[friend],
            let key = phone.element.key(for: world.vehicleId),
            phone.element.phase(of: key) == .active
        else { return }
        story.append("\(friend) is revoked")
        record.retire([try phone.element.description(of: key).slotId])
        ended.insert(key)
        try phone.terminateKey(key, reason: .server, at: now)
        try phone.deleteKey(key)
        phones[friend] = phone
    }

    /// The owner's phone alone ends a key that was not used yet.
    private mutating func retire() throws {
        let friend = pick(["bob", "carol"])
        guard let key = ownerKey, var from = phones[owner], let phone = phones[friend],
            friend != owner, let given = phone.element.key(for: world.vehicleId),
            record.keys.allSatisfy({ $0.keyId != given })
        else { return }
        let slot = try phone.element.description(of: given).slotId
        guard slot.position != 1 else { return }
        do {
            try from.retire([slot], with: key)
        } catch {
            guard error == .full else { throw error }
        }
        story.append("\(owner) retires the key of \(friend)")
        phones[owner] = from
    }

    /// The automaker's wish, which reaches the car alone.
    private mutating func suspendOrResume() {
        guard let key = record.keys.randomElement(using: &numbers) else { return }
        story.append("\(key.keyId) is \(key.state == .active ? "suspended" : "resumed")")
        if key.state == .active { record.suspend(key.keyId) } else { record.resume(key.keyId) }
    }

    private mutating func startPairing() throws {
        let name = pick(["alice", "carol"])
        guard var phone = phones[name] else { return }
        var car = try JoinedCar(world)
        car.now = now
        try car.enterPairingMode(
            wrong: Int.random(in: 0..<6, using: &numbers) == 0, id: "pairing \(story.count)")
        record.apply(pairing: car.record.pairing)
        try phone.enterPairingMode(password: JoinedCar.password, at: now)
        phones[name] = phone
        story.append("\(name) begins to pair")
    }

    private mutating func tap() throws {
        let name = pick(["alice", "alice", "bob", "bob", "carol", "stranger"])
        guard var phone = phones[name] else { return }
        let purpose = pick([
            ReaderSession.Purpose.transaction(.unlock), .transaction(.unlock), .dashboard,
            .dashboard, .transaction(.lock), .trunk, .transaction(.maintenance), .pairing,
        ])
        var mishaps: [Int: Mishap] = [:]
        for _ in 0..<pick([0, 1, 1, 2, 3]) {
            mishaps[Int.random(in: 0..<pick([5, 9, 30]), using: &numbers)] = mishap()
        }
        let bad = mishaps.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        story.append("\(name) at \(purpose)" + (bad.isEmpty ? "" : " with \(bad)"))
        phone.timePassed(until: now)
        let before = record
        var tap = try Conversation(record, phone, purpose, at: now, random: random)
        try tap.run(mishaps)
        (record, now) = (tap.record, tap.now.adding(seconds: 62))
        var left = tap.phone
        left.timePassed(until: now)
        phones[name] = left
        let opened = tap.outcome?.keyId
        try ledger.note(tap, by: opened.flatMap { mayOpen(tap.phone, $0) ? $0 : nil })
        if let opened, tap.outcome?.isSuccess == true, ended.contains(opened) {
            throw Ledger.Broken(description: "\(name) opened with an ended key")
        }
        try expectNothingLost(before, tap)
        if let key = record.owner?.keyId {
            owner = phones.first { phase($0.key, key) != nil }?.key ?? owner
        }
    }

    /// Only a retire list and a new owner take keys away.
    private mutating func expectNothingLost(_ before: VehicleRecord, _ tap: Conversation) throws {
        let removed = tap.facts.compactMap { fact -> KeyID? in
            if case .keyRemoved(let key, _) = fact { key } else { nil }
        }
        ended.formUnion(removed)
        for key in before.keys where !record.keys.contains(where: { $0.keyId == key.keyId }) {
            guard removed.contains(key.keyId) else {
                throw Ledger.Broken(description: "the car lost the key \(key.keyId)")
            }
        }
    }

    /// Pairing once more, as people do when it did not work.
    private mutating func repair() throws {
        guard let phone = phones[owner] else { return }
        var healing = Healing(record, phone, now)
        for attempt in 1...3 {
            try healing.enterPairingMode("repair \(attempt)")
            try healing.tapFreely(.dashboard)
            if healing.outcome?.result == .paired { break }
        }
        ended.formUnion(record.keys.filter(\.isOwner).map(\.keyId))
        (record, phones[owner]) = (healing.record, healing.phone)
    }

    // MARK: - Facts

    private var ownerKey: KeyID? {
        guard let key = record.owner?.keyId, phase(owner, key) == .active else { return nil }
        return key
    }

    private func phase(_ name: String, _ key: KeyID) -> KeyPhase? {
        phones[name]?.element.phase(of: key)
    }

    private func mayOpen(_ phone: PhoneCard, _ key: KeyID) -> Bool {
        phone.element.phase(of: key) == .active
    }

    private mutating func mishap() -> Mishap {
        let place = Int.random(in: 0..<200, using: &numbers)
        return pick([
            .commandLost, .answerLost, .doubled(heardFirst: true), .doubled(heardFirst: false),
            .replayed(place), .delayed(61), .delayed(400), .commandCut(place), .answerCut(place),
            .commandFlipped(bit: 8 * place), .answerFlipped(bit: 8 * place + 3), .blink,
            .carDies(saved: false), .carDies(saved: true), .phoneDies(saved: false),
            .phoneDies(saved: true),
        ])
    }

    private mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[Int.random(in: 0..<choices.count, using: &numbers)]
    }
}
