// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI

@testable import VirtualPhone

/// One kind of tap: who meets which car, and what must work afterwards whatever went wrong.
struct Flow: Sendable {
    let name: String
    let record: VehicleRecord
    let phone: PhoneCard
    let purpose: ReaderSession.Purpose
    /// The only key that may open; pairing makes its own.
    let key: KeyID?
    /// What is entered at the car's screen.
    let code: String?
    let heal: @Sendable (VehicleRecord, PhoneCard, Instant) throws -> Void

    static let names = [
        "owner pairing", "pairing again", "a second owner", "standard", "fast",
        "lock", "trunk", "standard 0100", "fast 0100", "approach", "first friend transaction",
        "first friend transaction with a code", "refill", "retire list", "receipt",
    ]
    private static let code = "424242"

    static func named(_ name: String) throws -> Flow {
        let world = try TestWorld()
        let options: [String: KeyOptions] = [
            "receipt": KeyOptions(0x8F, 0x07), "approach": .ownerPassiveEntry,
        ]
        let paired = try JoinedCar.paired(
            world, options: options[name] ?? .ownerDefault,
            versions: name.hasSuffix("0100") ? [.v0100] : [.v0200, .v0100])
        var (car, alice) = (paired.0, paired.1)
        let owner = paired.2
        switch name {
        case "owner pairing":
            var car = try JoinedCar(world)
            var alice = try world.phone("alice")
            try car.enterPairingMode()
            try alice.enterPairingMode(password: JoinedCar.password, at: car.now)
            return Flow(name, car, alice, .dashboard, nil) { try pairs($0, $1, $2) }
        case "pairing again":
            try car.enterPairingMode(id: "second")
            try alice.enterPairingMode(password: JoinedCar.password, at: car.now)
            return Flow(name, car, alice, .dashboard, owner) { try pairs($0, $1, $2) }
        case "a second owner":
            let former = alice
            var carol = try world.phone("carol")
            try car.enterPairingMode(id: "second")
            try carol.enterPairingMode(password: JoinedCar.password, at: car.now)
            return Flow(name, car, carol, .dashboard, nil) { record, phone, now in
                // The car has the former owner or the new one, and only that one opens.
                let isFormer = record.owner?.keyId == owner
                var old = Healing(record, former, now)
                try old.tap(.transaction(.unlock), opens: isFormer)
                try pairs(old.record, phone, now)
            }
        case "standard", "standard 0100":
            return Flow(name, car, alice, .dashboard, owner) { try opens($0, $1, $2) }
        case "fast", "fast 0100":
            return Flow(name, car, alice, .transaction(.unlock), owner) { try opens($0, $1, $2) }
        case "lock":
            return Flow(name, car, alice, .transaction(.lock), owner) { try opens($0, $1, $2) }
        case "trunk":
            return Flow(name, car, alice, .trunk, owner) { try opens($0, $1, $2) }
        case "approach":
            alice.interface = .wired
            let near = car
            return Flow(name, car, alice, .transaction(.presence), owner) { record, phone, now in
                try comesNear(near, record, phone, now)
            }
        case "first friend transaction":
            var bob = try world.phone("bob")
            let key = try world.share(from: &alice, owner, to: &bob)
            return Flow(name, car, bob, .dashboard, key) { try opens($0, $1, $2) }
        case "first friend transaction with a code":
            var bob = try world.phone("bob")
            let request = try alice.share(owner, world.offer(code: code))
            let signing = try bob.accept(request, at: car.now)
            let key = try bob.importKey(
                alice.sign(signing, slot: request.slotId, of: owner, at: car.now))
            return Flow(name, car, bob, .dashboard, key, code: code) { record, phone, now in
                var healing = Healing(record, phone, now)
                try healing.tap(.dashboard, code: code)
                try opens(healing.record, healing.phone, now)
            }
        case "refill":
            var bob = try world.phone("bob")
            _ = try world.share(from: &alice, owner, to: &bob)
            return Flow(name, car, alice, .dashboard, owner) { record, phone, now in
                var healing = Healing(record, phone, now)
                try healing.tap(.dashboard)
                try healing.expectFullSlots(of: owner)
                try opens(healing.record, healing.phone, now)
            }
        case "retire list":
            var bob = try world.phone("bob")
            let friend = try world.share(from: &alice, owner, to: &bob)
            // Also an id that nobody was given: it must not stay in the list as if it were good.
            let slots = [
                try bob.element.description(of: friend).slotId, SlotID(generation: 0, position: 5),
            ]
            try alice.retire(slots, with: owner)
            let unused = bob
            return Flow(name, car, alice, .dashboard, owner) { record, phone, now in
                var healing = Healing(record, phone, now)
                try healing.tap(.dashboard)
                try healing.expectFullSlots(of: owner)
                var refused = Healing(healing.record, unused, now)
                try refused.tap(.transaction(.unlock), opens: false)
                try opens(healing.record, healing.phone, now)
            }
        default:
            let body = KtsReceiptBody(
                vehicleId: world.vehicleId, keyId: owner,
                slotId: try alice.element.description(of: owner).slotId, time: car.now,
                ktsKeyId: world.server.publicKey.keyId)
            try alice.storeReceipt(.signed(body, by: world.server), for: owner)
            return Flow(name, car, alice, .dashboard, owner) { record, phone, now in
                var healing = Healing(record, phone, now)
                try healing.tap(.dashboard)
                try opens(healing.record, healing.phone, now)
            }
        }
    }

    init(
        _ name: String, _ car: JoinedCar, _ phone: PhoneCard, _ purpose: ReaderSession.Purpose,
        _ key: KeyID?, code: String? = nil,
        heal: @escaping @Sendable (VehicleRecord, PhoneCard, Instant) throws -> Void
    ) {
        self.name = name
        (record, self.phone, self.purpose, self.key) = (car.record, phone, purpose, key)
        self.code = code
        self.heal = heal
    }

    /// Pairing has many long messages: there every eighth byte is flipped.
    var flipsEvery: Int { record.pairing == nil ? 1 : 8 }

    func conversation() throws -> Conversation {
        try Conversation(
            record, phone, purpose, at: TestWorld.noon, code: code,
            random: ScriptedRandom(seed: name).source)
    }

    /// Both sides start again: one standard transaction at most, then fast.
    private static func opens(
        _ record: VehicleRecord, _ phone: PhoneCard, _ now: Instant
    ) throws {
        var healing = Healing(record, phone, now)
        try healing.tap(.transaction(.unlock))
        try healing.tap(.transaction(.unlock))
        guard healing.outcome?.transaction == .fast else {
            throw Ledger.Broken(description: "one standard transaction did not heal the secret")
        }
    }

    /// An approach that went wrong is over; the next one ends at the car.
    private static func comesNear(
        _ car: JoinedCar, _ record: VehicleRecord, _ phone: PhoneCard, _ now: Instant
    ) throws {
        var healing = Healing(record, phone, now)
        try healing.tap(.transaction(.presence))
        var (car, phone) = (car, healing.phone)
        (car.record, car.now) = (healing.record, now)
        guard let slot = car.record.owner?.slotId,
            case .near = car.range(&phone, of: slot)
        else { throw Ledger.Broken(description: "the phone is there and not ranged") }
    }

    /// People try again, with a fresh password when the old one is spent.
    private static func pairs(
        _ record: VehicleRecord, _ phone: PhoneCard, _ now: Instant
    ) throws {
        var healing = Healing(record, phone, now)
        for attempt in 1...3 {
            try healing.tapFreely(.dashboard)
            if case .driveReady = healing.outcome?.result {
                return try opens(healing.record, healing.phone, now)
            }
            let owner = healing.record.owner?.keyId
            let isOwner = owner.map { healing.phone.element.phase(of: $0) == .active } ?? false
            if !isOwner { try healing.enterPairingMode("heal \(attempt)") }
        }
        throw Ledger.Broken(description: "not paired: \(String(describing: healing.outcome))")
    }
}

/// Taps without faults, after a faulty one.
struct Healing {
    private(set) var record: VehicleRecord
    private(set) var phone: PhoneCard
    private(set) var outcome: Outcome?
    private let now: Instant
    private let random = ScriptedRandom(seed: "healing").source

    init(_ record: VehicleRecord, _ phone: PhoneCard, _ now: Instant) {
        self.record = record
        self.phone = phone
        self.now = now
    }

    mutating func tapFreely(_ purpose: ReaderSession.Purpose, code: String? = nil) throws {
        var tap = try Conversation(record, phone, purpose, at: now, code: code, random: random)
        try tap.run()
        (record, phone, outcome) = (tap.record, tap.phone, tap.outcome)
    }

    mutating func tap(
        _ purpose: ReaderSession.Purpose, code: String? = nil, opens: Bool = true
    ) throws {
        try tapFreely(purpose, code: code)
        guard outcome?.isSuccess == opens else {
            throw Ledger.Broken(
                description:
                    "expected \(opens ? "open" : "refused"): \(String(describing: outcome))")
        }
    }

    mutating func enterPairingMode(_ id: String) throws {
        var car = try JoinedCar(TestWorld())
        car.now = now
        try car.enterPairingMode(id: id)
        record.apply(pairing: car.record.pairing)
        try phone.enterPairingMode(password: JoinedCar.password, at: now)
    }

    /// After a standard transaction of the owner every position holds an issued id and its token.
    func expectFullSlots(of owner: KeyID) throws {
        let mailbox = try phone.element.privateMailbox(of: owner)
        guard mailbox.prefix(2) == [0x00, 0xFF] else {
            throw Ledger.Broken(description: "signaling and bitmap are \(mailbox.prefix(2).hex)")
        }
        let tokens = try phone.element.confidentialMailbox(of: owner)
        for position in 2...8 {
            let slot = try SlotID(mailbox.dropFirst(2 * position).prefix(2))
            guard record.slots.state(of: slot) == .issued, slot.position == position else {
                throw Ledger.Broken(description: "slot \(slot) is not issued")
            }
            let token = immobilizerToken(
                key: record.identity.immobilizerKey.exposed, slotId: slot,
                vehicleId: record.identity.vehicleId)
            guard Array(tokens.dropFirst(16 * (position - 1)).prefix(16)) == token else {
                throw Ledger.Broken(description: "the token of slot \(slot) is another one")
            }
        }
    }
}
