// SPDX-License-Identifier: Apache-2.0

import Contracts
import KeyProtocol
import TestKit
import Testing

@testable import VehicleGateway

/// The car's own screen together with phones at its readers.
@Suite struct ScreenTests {
    @Test func `a shared key with an activation code opens once the code was typed`() async throws {
        try await TestGateway.run { gateway in
            let (owner, friend) = (try gateway.car.phone(), try gateway.car.phone())
            try await gateway.pair(owner)
            let key = try share(from: owner, to: friend, code: "271828")
            let without = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(without.outcome == "refused", "\(without)")
            try await gateway.enter("314159")
            let wrong = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(wrong.outcome == "refused", "\(wrong)")
            // The wrong code was used up: without a new one the key stays out.
            let again = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(again.outcome == "refused", "\(again)")
            #expect(try await gateway.onScreen.locked)
            try await gateway.enter("271828")
            let right = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(right.outcome == "unlocked", "\(right)")
            #expect(right.keyId == key)
            // From now on no code is asked for.
            let next = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(next.outcome == "locked", "\(next)")
        }
    }

    @Test func `a key suspended before its first use stays out until it is resumed`() async throws {
        try await TestGateway.run { gateway in
            let (owner, friend) = (try gateway.car.phone(), try gateway.car.phone())
            try await gateway.pair(owner)
            let key = try share(from: owner, to: friend, code: "271828")
            let car = try #require(try await gateway.store.vehicle(gateway.car.vehicleId))
            let slot = try #require(car.record.slots.issued.first)
            func document(_ version: Int, _ state: VehicleDocument.Key.State) async throws {
                let wanted = VehicleDocument.Key(
                    keyId: key, slotId: slot, state: state, attestation: nil)
                try await gateway.apply(gateway.car.document(version, keys: [wanted]))
            }
            try await document(2, .suspended)
            try await gateway.enter("271828")
            let suspended = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(suspended.controlFlow == "0002", "\(suspended)")
            #expect(try await gateway.onScreen.locked)
            try await document(3, .active)
            try await gateway.enter("271828")
            let resumed = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(resumed.outcome == "unlocked", "\(resumed)")
        }
    }

    @Test func `a code typed while another phone taps waits for its own`() async throws {
        try await TestGateway.run { gateway in
            let (owner, friend) = (try gateway.car.phone(), try gateway.car.phone())
            try await gateway.pair(owner)
            _ = try share(from: owner, to: friend, code: "271828")
            try await gateway.enter("271828")
            #expect(try await gateway.tap(owner, at: TestCar.doorName).outcome == "unlocked")
            let entry = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(entry.outcome == "locked", "\(entry)")
        }
    }

    @Test func `a key removed at the screen is reported and opens nothing`() async throws {
        try await TestGateway.run { gateway in
            let (owner, friend) = (try gateway.car.phone(), try gateway.car.phone())
            try await gateway.pair(owner)
            let key = try share(from: owner, to: friend)
            #expect(try await gateway.tap(friend, at: TestCar.doorName).outcome == "unlocked")
            let held = try #require(try await gateway.onScreen.keys.first { $0.keyId == key })
            let car = try await gateway.desk.removeKey(key, of: gateway.car.vehicleId)
            #expect(!car.keys.contains { $0.keyId == key })
            #expect(
                try await gateway.facts.last == .keyRemoved(keyId: key, slotId: held.slotId))
            let entry = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(entry.outcome == "refused", "\(entry)")
            #expect(try await gateway.tap(owner, at: TestCar.doorName).outcome == "locked")
        }
    }
}

extension TestGateway {
    /// Types a code at the car's screen.
    func enter(_ code: String) async throws {
        _ = try await desk.enterActivationCode(code, of: car.vehicleId)
    }
}
