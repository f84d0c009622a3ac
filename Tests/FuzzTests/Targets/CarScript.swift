// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI

@testable import VirtualPhone

/// A car that meets whatever the input makes of the wire, or of the phone.
enum CarScript {
    /// A real phone behind a wire that changes, loses, doubles and makes up messages.
    ///
    /// `scene(1)`, then per command `{ action(1) ... }`.
    @Sendable static func badWire(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let scene = Scene(input.byte())
        var phone = scene.phone
        var run = try CarRun(scene.record, scene.purpose)
        let (outcome, saved) = try run.run { command in
            guard let command else {
                phone.fieldLost()
                return []
            }
            let action = input.byte()
            switch action & 0x1F {
            case 1: return phone.respond(to: input.changed(command, by: action), at: noon)
            case 2: return input.changed(phone.respond(to: command, at: noon), by: action)
            case 3: return nil
            case 4:
                _ = phone.respond(to: command, at: noon)
                return nil
            case 5:
                _ = phone.respond(to: command, at: noon)
                return phone.respond(to: command, at: noon)
            case 6:
                _ = phone.respond(to: input.piece(), at: noon)
                return phone.respond(to: command, at: noon)
            case 7: return input.piece()
            case 8:
                phone.fieldLost()
                return phone.respond(to: command, at: noon)
            default: return phone.respond(to: command, at: noon)
            }
        }
        phone.fieldLost()
        phone.timePassed(until: noon.adding(seconds: 61))
        try check(outcome, saved, from: scene)
        for key in phone.element.keyIds where phone.element.phase(of: key) == .creating {
            throw FuzzFailure("a half-made key")
        }
        try repair(saved, phone, scene)
    }

    /// A phone of the attacker's own making that holds a real key, or none, and the password.
    ///
    /// `scene(1)`, then per command `{ action(1) [length(1) bytes] }`.
    @Sendable static func badPhone(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let scene = Scene(input.byte())
        var phone = ScriptedPhone(scene, input)
        var run = try CarRun(
            scene.record, scene.purpose, code: scene.number & 0x80 == 0 ? nil : "123456")
        let (outcome, saved) = try run.run { try phone.respond(to: $0) }
        try check(outcome, saved, from: scene)
    }

    private static var noon: Instant { FuzzWorld.noon }

    /// What holds after a tap, whoever was on the other side.
    private static func check(
        _ outcome: Outcome, _ saved: VehicleRecord, from scene: Scene
    ) throws {
        switch outcome.result {
        case .unlocked, .locked, .driveReady, .present, .paired:
            let key = outcome.keyId.map(\.description) ?? "none"
            try require(scene.key != nil || scene.isPairing, "opened for a stranger")
            try require(
                scene.isPairing || outcome.keyId == scene.key, "opened for another key: \(key)")
            let known = saved.keys.first { $0.keyId == outcome.keyId }
            try require(known?.state == .active, "opened for a key the car does not hold")
        case .refused, .aborted: break
        }
        let before = scene.record
        for position: UInt8 in 1...8 {
            for generation: UInt8 in 0...16 {
                let slot = SlotID(generation: generation, position: position)
                let (was, now) = (before.slots.state(of: slot), saved.slots.state(of: slot))
                try require(rank(was) <= rank(now), "slot \(slot) went from \(was) to \(now)")
            }
        }
        let slots = saved.keys.map(\.slotId)
        try require(Set(slots).count == slots.count, "two keys with one slot")
        try require(saved.keys.count <= Limits.keys, "too many keys")
        // Attestations are by the owner's key, which no input holds.
        let known = before.keys.map(\.keyId) + [FuzzWorld.shared.friendKey]
        try require(
            scene.isPairing || saved.keys.allSatisfy { known.contains($0.keyId) },
            "a key nobody signed")
        let json = try JSONEncoder().encode(saved)
        try require(
            try JSONDecoder().decode(VehicleRecord.self, from: json) == saved,
            "a record that was saved is another one")
    }

    private static func rank(_ state: SlotState) -> Int {
        switch state {
        case .free: 0
        case .issued: 1
        case .bound: 2
        case .retired: 3
        }
    }

    /// Whatever happened on the wire, the next taps work.
    private static func repair(
        _ saved: VehicleRecord, _ phone: PhoneCard, _ scene: Scene
    ) throws {
        guard scene.key != nil || scene.isPairing else { return }
        var (record, phone) = (saved, phone)
        if scene.isPairing {
            guard record.pairing != nil || record.owner != nil || record.pending != nil,
                record.pairing == nil || phone.state.pairing != nil || record.pending != nil
            else { return }
            for _ in 1...3 {
                if case .driveReady = try FuzzWorld.tap(&record, &phone, .dashboard).result {
                    return
                }
            }
            throw FuzzFailure("pairing is not repaired")
        }
        let outcome = try FuzzWorld.tap(&record, &phone, .transaction(.unlock))
        try require(outcome.result == .unlocked(.all), "the key does not open: \(outcome)")
        let next = try FuzzWorld.tap(&record, &phone, .transaction(.unlock))
        try require(next.transaction == .fast, "the secret is not repaired")
    }
}

/// Who is at which reader of which car.
struct Scene {
    let number: UInt8
    let record: VehicleRecord
    let phone: PhoneCard
    let purpose: ReaderSession.Purpose
    /// The only key that may open; none when nobody may.
    let key: KeyID?

    var isPairing: Bool { record.pairing != nil }

    init(_ number: UInt8) {
        self.number = number
        let world = FuzzWorld.shared
        let purposes: [ReaderSession.Purpose] = [
            .transaction(.unlock), .dashboard, .transaction(.lock), .transaction(.presence),
            .transaction(.maintenance), .pairing,
        ]
        purpose = purposes[Int(number >> 3 & 0x0F) % purposes.count]
        switch number & 7 {
        case 0: (record, phone, key) = (world.newCar, world.newPhone, nil)
        case 1: (record, phone, key) = (world.car, world.owner, world.ownerKey)
        case 2: (record, phone, key) = (world.car, world.friend, world.friendKey)
        case 3: (record, phone, key) = (world.sharedCar, world.seenFriend, world.friendKey)
        case 4: (record, phone, key) = (world.car, world.stranger, nil)
        case 5: (record, phone, key) = (world.sharedCar, world.sharer, world.ownerKey)
        case 6:
            // No fast transaction: the car has forgotten the secret.
            var car = world.car
            car.keys = car.keys.map { key in
                var key = key
                key.kpersistent = nil
                return key
            }
            (record, phone, key) = (car, world.owner, world.ownerKey)
        default:
            var car = world.sharedCar
            car.suspend(world.friendKey)
            (record, phone, key) = (car, world.seenFriend, nil)
        }
    }
}
