// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyProtocol
import PKI
import ServiceKit
import TestKit
import Testing
import VirtualPhone

@testable import VehicleGateway

@Suite struct TapTests {
    @Test func `an owner pairs, unlocks, locks and drives with everything else down`() async throws
    {
        try await TestGateway.run { gateway in
            let phone = try gateway.car.phone()
            try await gateway.pair(phone)
            var car = try await gateway.onScreen
            #expect(car.state == "paired")
            #expect(!car.pairingMode)
            #expect(car.locked)
            let unlock = try await gateway.tap(phone, at: TestCar.doorName)
            #expect(unlock.outcome == "unlocked", "\(unlock)")
            #expect(unlock.transaction == "fast")
            #expect(unlock.controlFlow == "0101")
            let lock = try await gateway.tap(phone, at: TestCar.doorName)
            #expect(lock.outcome == "locked", "\(lock)")
            let drive = try await gateway.tap(phone, at: TestCar.dashboardName)
            #expect(drive.outcome == "drive", "\(drive)")
            #expect(drive.transaction == "standard")
            car = try await gateway.onScreen
            #expect(car.engineRunning)
            let facts = try await gateway.facts
            #expect(facts.count == 2)
            guard case .pairingCompleted("pairing-1", _, _, _) = facts.last else {
                Issue.record("\(facts)")
                return
            }
        }
    }

    @Test func `the reader at the trunk opens the trunk and leaves the doors locked`() async throws
    {
        try await TestGateway.run { gateway in
            let phone = try gateway.car.phone()
            try await gateway.pair(phone)
            let entry = try await gateway.tap(phone, at: TestCar.trunkName)
            #expect(entry.outcome == "unlocked" && entry.reader == "trunk", "\(entry)")
            #expect(entry.text == "The trunk is unlocked.")
            #expect(try await gateway.onScreen.locked)
            var provisioning = try gateway.car.provisioning()
            provisioning.readers.furtherDoors = [provisioning.readers.door]
            await #expect(throws: GatewayError.self) {
                try await gateway.desk.provision(provisioning, as: gateway.car.vehicleId)
            }
            provisioning.readers.furtherDoors = [try #require(provisioning.readers.trunk)]
            provisioning.readers.trunk = nil
            try await gateway.desk.provision(provisioning, as: gateway.car.vehicleId)
            #expect(try await gateway.tap(phone, at: TestCar.trunkName).reader == "door")
            #expect(try await !gateway.onScreen.locked)
        }
    }

    @Test func `a stranger opens nothing and the log says why`() async throws {
        try await TestGateway.run { gateway in
            try await gateway.pair(try gateway.car.phone())
            let entry = try await gateway.tap(try gateway.car.phone(), at: TestCar.doorName)
            #expect(entry.outcome == "refused", "\(entry)")
            #expect(entry.controlFlow == "0001")
            #expect(try await gateway.onScreen.locked)
            let file = gateway.folder.appending(path: "traces/\(gateway.car.vehicleId).jsonl")
            let text = try String(contentsOf: file, encoding: .utf8)
            let trace = try #require(TapTrace(parsing: text))
            let titles = trace.annotated().flatMap(\.apdus).filter(\.isCommand).map(\.title)
            #expect(titles.first == "SELECT applet")
            #expect(titles.last == "CONTROL FLOW: This phone has no key for this car.")
            let replay = try #require(CarReplay.recorded(trace)).comparison
            #expect(replay.differences == [] && replay.equal == titles.count)
            // The pairing did not fail, and is there because this gateway keeps all.
            let done = gateway.folder.appending(path: "traces/\(gateway.car.vehicleId)-done.jsonl")
            let pairing = try String(contentsOf: done, encoding: .utf8)
            let again = try #require(TapTrace(parsing: pairing).flatMap(CarReplay.recorded))
            #expect(again.comparison.differences == [])
            let mode = try FileManager.default.attributesOfItem(atPath: done.path)[
                .posixPermissions]
            #expect(mode as? Int == 0o600)
        }
    }

    @Test func `a shared key opens at its first tap and is reported`() async throws {
        try await TestGateway.run { gateway in
            let (owner, friend) = (try gateway.car.phone(), try gateway.car.phone())
            try await gateway.pair(owner)
            let friendKey = try share(from: owner, to: friend)
            let first = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(first.outcome == "unlocked", "\(first)")
            #expect(first.transaction == "first friend transaction")
            let again = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(again.transaction == "fast", "\(again)")
            let seen = try await gateway.facts.contains { fact in
                if case .friendKeySeen(friendKey, _, _) = fact { true } else { false }
            }
            #expect(seen)
        }
    }

    @Test func `a car that does not know the time says so when it does not start`() async throws {
        try await TestGateway.run { gateway in
            let (owner, friend) = (try gateway.car.phone(), try gateway.car.phone())
            try await gateway.pair(owner)
            _ = try share(from: owner, to: friend)
            try await gateway.store.change(gateway.car.vehicleId, at: TestPKI.start) { car, _ in
                car.record.hasTrustedTime = false
            }
            let door = try await gateway.tap(friend, at: TestCar.doorName)
            #expect(door.text == "The car is unlocked.")
            let dashboard = try await gateway.tap(friend, at: TestCar.dashboardName)
            #expect(dashboard.controlFlow == "0003", "\(dashboard)")
            #expect(
                dashboard.text
                    == "This key is not valid at this time. The car does not know what time it is.")
        }
    }

    @Test func `a key ended by a document opens nothing any more`() async throws {
        try await TestGateway.run { gateway in
            let phone = try gateway.car.phone()
            try await gateway.pair(phone)
            let key = try #require(try await gateway.onScreen.keys.first)
            for (version, state) in [
                (2, VehicleDocument.Key.State.suspended), (3, .active), (4, .terminated),
            ] {
                let wanted = VehicleDocument.Key(
                    keyId: key.keyId, slotId: key.slotId, state: state, attestation: nil)
                try await gateway.apply(gateway.car.document(version, keys: [wanted]))
                let entry = try await gateway.tap(phone, at: TestCar.doorName)
                #expect((entry.outcome == "unlocked") == (state == .active), "\(state) \(entry)")
            }
            #expect(try await gateway.onScreen.keys.isEmpty)
        }
    }

    @Test func `a required receipt stops driving but not entry`() async throws {
        try await TestGateway.run { gateway in
            let phone = try gateway.car.phone()
            try await gateway.pair(phone)
            try await gateway.apply(gateway.car.document(2, receipt: .required))
            let drive = try await gateway.tap(phone, at: TestCar.dashboardName)
            #expect(drive.controlFlow == "0008", "\(drive)")
            #expect(try await gateway.tap(phone, at: TestCar.doorName).outcome == "unlocked")
        }
    }

    @Test func `two phones on two readers are served at once`() async throws {
        try await TestGateway.run { gateway in
            let (owner, friend) = (try gateway.car.phone(), try gateway.car.phone())
            try await gateway.pair(owner)
            _ = try share(from: owner, to: friend)
            let before = try await gateway.store.log(of: gateway.car.vehicleId, limit: 1)[0].id
            let cards = [
                owner.card(on: try #require(gateway.service.port(of: TestCar.dashboardName))),
                friend.card(on: try #require(gateway.service.port(of: TestCar.doorName))),
            ]
            for card in cards { try card.insert() }
            let first = try await gateway.entry(after: before)
            let second = try await gateway.entry(after: first.id)
            #expect(Set([first.outcome, second.outcome]) == ["drive", "unlocked"])
            for card in cards { card.remove() }
        }
    }
}
