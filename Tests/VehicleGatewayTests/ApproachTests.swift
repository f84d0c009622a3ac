// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PhoneHost
import ServiceKit
import TestKit
import Testing
import VirtualPhone

@testable import VehicleGateway

/// Phones that come near a car, over real TCP.
@Suite struct ApproachTests {
    @Test func `a phone that comes near opens the car, and the log alone knows`() async throws {
        try await withRadio { radio, gateway in
            let phones = try RealPhones(for: gateway.car)
            try await phones.pair("alice", with: gateway)
            let reports = try await gateway.store.unsentReports(limit: 99).count

            let near = try await phones.approach("alice", radio)
            #expect(near.isSuccess, "\(near)")
            #expect(near.rounds == 3)
            #expect(try await !gateway.onScreen.locked)
            let line = try #require(try await gateway.store.log(of: id(gateway), limit: 1).first)
            #expect(line.reader == "approach")
            #expect(line.outcome == "unlocked")
            #expect(line.text == "The car is unlocked. The simulated radio says 1.50 m (3 rounds).")
            #expect(line.transaction == "standard")
            #expect(line.keyId == near.key)
            #expect(line.apdus == 4)
            #expect(try await gateway.store.unsentReports(limit: 99).count == reports)
            #expect(try await record(gateway).owner?.ranging == nil)

            _ = try await gateway.desk.setLocked(true, id(gateway))
            let far = try await phones.approach("alice", radio, at: 620)
            #expect(far.ending == .refused(.tooFar))
            #expect(try await gateway.onScreen.locked)
            let refusal = try #require(try await gateway.store.log(of: id(gateway), limit: 1).first)
            #expect(refusal.outcome == "refused")
            #expect(
                refusal.text == "The phone is too far away. The simulated radio says 6.20 m.")

            // Both sides kept what was said, and say it again.
            let ours = gateway.folder.appending(path: "traces/\(gateway.car.vehicleId).jsonl")
            let paths = [ours.path, try #require(far.trace)]
            let traces = try paths.map { path in
                try #require(
                    TapTrace(parsing: String(contentsOfFile: path, encoding: .utf8)), "\(path)")
            }
            #expect(traces[0].lines.last?.end?.hasPrefix("The phone is too far away.") == true)
            #expect(traces[1].lines.last?.end == far.text)
            let car = try #require(CarReplay.recorded(traces[0])).comparison
            #expect(car.differences.isEmpty && car.equal > 1, "\(car.differences)")
            let snapshot = try JSONDecoder().decode(
                PhoneCard.Snapshot.self, from: Data(try #require(traces[1].header.phone).utf8))
            let phone = PhoneReplay(traces[1], snapshot: snapshot).comparison
            #expect(phone.differences.isEmpty && phone.equal == car.equal, "\(phone.differences)")

            // The same key at the door handle, as ever.
            let before = refusal.id
            let door = try await phones.use("alice") { [service = gateway.service] phone in
                try phone.tap(
                    ListenAddress(
                        host: "127.0.0.1", port: Int(service.port(of: TestCar.doorName) ?? 0)))
            }
            #expect(door.isSuccess)
            #expect(door.isFast != false)
            #expect(try await gateway.entry(after: before).reader == "door")
        }
    }

    @Test func `a secret that one side lost is made anew on the same approach`() async throws {
        try await withRadio { radio, gateway in
            let phones = try RealPhones(for: gateway.car)
            try await phones.pair("alice", with: gateway)
            let slot = try #require(try await record(gateway).owner?.slotId)
            // A secret of which the phone knows nothing.
            try await gateway.store.change(id(gateway), at: WallClock.system.now) { vehicle, _ in
                for index in vehicle.record.keys.indices {
                    vehicle.record.keys[index].ranging = RangingSecret(
                        SecretBytes([UInt8](repeating: 1, count: 32)), since: WallClock.system.now)
                }
            }
            let near = try await phones.approach("alice", radio)
            #expect(near.isSuccess, "\(near)")
            let line = try #require(try await gateway.store.log(of: id(gateway), limit: 1).first)
            #expect(line.transaction == "standard")
            #expect(try await record(gateway).key(at: slot)?.ranging == nil)
        }
    }

    @Test func `suspended keys, strangers and keys from before are refused with a reason`()
        async throws
    {
        try await withRadio { radio, gateway in
            let phones = try RealPhones(for: gateway.car)
            let stranger = try await phones.approach("mallory", radio)
            #expect(!stranger.isSuccess)
            #expect(stranger.text.contains("This phone has no key for this car."))
            try await phones.pair("alice", with: gateway)
            let key = try #require(try await record(gateway).owner?.keyId)
            _ = try await gateway.store.change(id(gateway), at: WallClock.system.now) {
                vehicle, _ in
                vehicle.record.suspend(key)
            }
            let suspended = try await phones.approach("alice", radio)
            #expect(suspended.text.contains("This key is suspended or was ended."))
            #expect(try await gateway.onScreen.locked)

            let report = try await phones.sync("alice")
            let told = report.waiting.first { $0.contains("ask the owner of the car") }
            #expect(told?.contains("Roadster") == true, "\(report)")

            #expect(stranger.hint?.contains("phone list") == true)
            try await phones.lose("alice")
            let lost = try await phones.approach("alice", radio)
            #expect(lost.hint?.contains("resume") == true, "\(lost)")
            let tap = try await phones.tap("alice", at: TestCar.doorName, of: gateway)
            #expect(tap.hint?.contains("resume") == true, "\(tap)")
        }
    }

    @Test func `a key from before the car had a radio is told so`() async throws {
        let radio = "127.0.0.1:\(FreePort.take())"
        try await TestGateway.run { gateway in
            let phones = try RealPhones(for: gateway.car)
            try await phones.pair("alice", with: gateway)
            var given = try gateway.car.provisioning()
            given.passiveEntry = radio
            try await gateway.desk.provision(given, as: id(gateway))
            try await eventually { (try? await phones.approach("bob", radio)) != nil }
            let result = try await phones.approach("alice", radio)
            #expect(!result.isSuccess)
            #expect(result.hint?.contains("from before the car had passive entry") == true)
        }
    }

    /// A gateway whose roadster has a radio, at this address.
    private func withRadio(_ body: (String, TestGateway) async throws -> Void) async throws {
        let port = FreePort.take()
        let radio = "127.0.0.1:\(port)"
        try await TestGateway.run(radio: radio) { gateway in
            try await RawStream.untilOpen(port)
            try await body(radio, gateway)
        }
    }

    private func id(_ gateway: TestGateway) -> VehicleID { gateway.car.vehicleId }

    private func record(_ gateway: TestGateway) async throws -> VehicleRecord {
        try #require(try await gateway.store.vehicle(id(gateway))).record
    }
}
