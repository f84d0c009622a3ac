// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import HTTPTypes
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit
import Testing

@testable import VehicleGateway

@Suite struct CarRoutesTests {
    @Test func `a car is provisioned, seen, unlocked, locked and stopped`() async throws {
        try await CarBench.run { bench in
            #expect(try await bench.send(.get, "readers").json([ReaderStatus.Reader].self) == [])
            #expect(try await bench.send(.get, "vehicles").json([CarAPI.Vehicle].self) == [])
            let made = try await bench.provision()
            #expect(made.status == 200)
            let car = try made.json(CarAPI.Vehicle.self)
            #expect(car.vehicleId == bench.car.vehicleId)
            #expect(car.state == "unpaired")
            #expect(car.locked && !car.engineRunning && car.keys.isEmpty)
            let list = try await bench.send(.get, "vehicles").json([CarAPI.Vehicle].self)
            #expect(list == [car])
            #expect(try await bench.send(.get, bench.path()).json(CarAPI.Vehicle.self) == car)
            let open = try await bench.send(.post, bench.path("/unlock"))
            #expect(try !open.json(CarAPI.Vehicle.self).locked)
            let shut = try await bench.send(.post, bench.path("/lock"))
            #expect(try shut.json(CarAPI.Vehicle.self).locked)
            try await bench.store.change(car.vehicleId, at: TestPKI.start) { car, _ in
                (car.engineRunning, car.speedLimit) = (true, 105)
            }
            let running = try await bench.send(.get, bench.path()).json(CarAPI.Vehicle.self)
            #expect(running.engineRunning)
            #expect(running.speedLimitKmh == 105)
            let stopped = try await bench.send(.post, bench.path("/engine"), #"{"running":false}"#)
                .json(CarAPI.Vehicle.self)
            #expect(!stopped.engineRunning)
            #expect(stopped.speedLimitKmh == nil)
        }
    }

    @Test func `a car on the bench loses its trusted time, and gets it back`() async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            for trusted in [false, true] {
                let answer = try await bench.send(
                    .post, bench.path("/clock"), "{\"trusted\":\(trusted)}")
                #expect(try answer.json(CarAPI.Vehicle.self).trustedTime == trusted)
                let kept = try await bench.store.vehicle(bench.car.vehicleId)
                #expect(kept?.record.hasTrustedTime == trusted)
            }
        }
    }

    @Test func `the answer to provisioning holds no secret`() async throws {
        try await CarBench.run { bench in
            let text = String(decoding: try await bench.provision().body, as: UTF8.self)
            let given = try bench.car.provisioning()
            for secret in [given.vehicleKey, given.encryptionKey, given.immobilizerKey] {
                #expect(!text.contains(secret))
            }
        }
    }

    @Test func `a car provisioned again keeps keys, state and document`() async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            let id = try await bench.addKey()
            _ = try await bench.send(.post, bench.path("/unlock"))
            let again = try await bench.provision { $0.displayName = "Old roadster" }
            let car = try again.json(CarAPI.Vehicle.self)
            #expect(car.displayName == "Old roadster")
            #expect(car.keys.map(\.keyId) == [id])
            #expect(!car.locked)
            // Its keys belong to its key: another identity is refused, and nothing changes.
            let other = try TestCar("impostor")
            let refused = try await bench.provision {
                $0.vehicleKey = other.vehicleKey.scalar.hex
                $0.certificate = try bench.car.pki.automaker.vehicleCertificate(
                    for: other.vehicleKey.publicKey, vehicleId: bench.car.vehicleId,
                    from: TestPKI.start, random: TestPKI.random(seed: "again")
                ).pem
            }
            #expect(refused.status == 422)
            #expect(refused.word == "PROVISIONING")
        }
    }

    @Test func `a car gets passive entry later, and loses it, with all else as it was`()
        async throws
    {
        try await CarBench.run { bench in
            try await bench.provision()
            let id = try await bench.addKey()
            func options() async throws -> [UInt8] {
                let vehicle = try #require(try await bench.store.vehicle(bench.car.vehicleId))
                #expect(vehicle.record.keys.map(\.keyId) == [id])
                return vehicle.record.configuration.options.bytes
            }
            try await bench.store.change(bench.car.vehicleId, at: TestPKI.start) { vehicle, _ in
                _ = vehicle.record.configuration.options.rights.insert(.receiptToDrive)
            }
            #expect(try await options() == [0x8F, 0x07])
            let with = try await bench.provision { $0.passiveEntry = "127.0.0.1:9" }
            #expect(try with.json(CarAPI.Vehicle.self).passiveEntry == "127.0.0.1:9")
            #expect(try await options() == [0x9F, 0x0F])
            let without = try await bench.provision()
            #expect(try without.json(CarAPI.Vehicle.self).passiveEntry == nil)
            #expect(try await options() == [0x8F, 0x07])
        }
    }

    @Test func `a reader of another car is refused`() async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            let other = try await bench.provision(TestCar("convertible"))
            #expect(other.status == 409)
            #expect(other.word == "READER_TAKEN")
            let free = try await bench.provision(TestCar("convertible")) {
                $0.readers = CarAPI.Readers(door: "Other Door 00", dashboard: "Other Dash 00")
            }
            #expect(free.status == 200)
            #expect(try await bench.send(.get, "vehicles").json([CarAPI.Vehicle].self).count == 2)
        }
    }

    /// What the factory line may get wrong.
    enum Mistake: String, CaseIterable {
        case environment, otherVehicle, keyOfAnother, shortKey, noHexadecimal, shortImmobilizer
        case foreignRoot, wrongSigner, readerWithoutSlot, oneReader, noCertificate
    }

    @Test(arguments: Mistake.allCases)
    func `provisioning that does not fit together is refused`(mistake: Mistake) async throws {
        try await CarBench.run { bench in
            let car = bench.car
            let answer = try await bench.provision { given in
                switch mistake {
                case .environment: given.environment = "production"
                case .otherVehicle: given.vehicleId = try TestCar("convertible").vehicleId
                case .keyOfAnother: given.vehicleKey = car.encryptionKey.scalar.hex
                case .shortKey: given.vehicleKey = "00"
                case .noHexadecimal: given.encryptionKey = String(repeating: "g", count: 64)
                case .shortImmobilizer: given.immobilizerKey = "0102"
                case .foreignRoot:
                    given.root = try TestPKI(seed: "elsewhere").automaker.root.certificate.pem
                case .wrongSigner:
                    given.signature = car.pki.automaker.encryption.certificate.pem
                case .readerWithoutSlot: given.readers.door = "Door"
                case .oneReader: given.readers.door = given.readers.dashboard
                case .noCertificate: given.certificate = "no PEM"
                }
            }
            #expect(answer.status == 422)
            #expect(answer.word == "PROVISIONING")
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(!text.contains(car.vehicleKey.scalar.hex))
            #expect(!text.contains(car.encryptionKey.scalar.hex))
            #expect(try await bench.store.vehicles().isEmpty)
        }
    }

    @Test func `a key removed at the screen is gone, retired and reported`() async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            let id = try await bench.addKey()
            let answer = try await bench.send(.delete, bench.path("/keys/\(id)"))
            #expect(try answer.json(CarAPI.Vehicle.self).keys.isEmpty)
            let reports = try await bench.store.unsentReports(limit: 9)
            #expect(reports.map(\.fact) == [.keyRemoved(keyId: id, slotId: CarBench.slot)])
            #expect(reports.map(\.sequence) == [1])
            let record = try #require(try await bench.store.vehicle(bench.car.vehicleId)).record
            #expect(record.slots.state(of: CarBench.slot) == .retired)
            let again = try await bench.send(.delete, bench.path("/keys/\(id)"))
            #expect(again.status == 404)
            #expect(again.word == "KEY_UNKNOWN")
        }
    }

    @Test func `the log is given newest first and as far as asked`() async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            for number in 1...60 {
                let entry = CarAPI.LogEntry(
                    id: 0, at: TestPKI.start, reader: "door", outcome: "unlocked",
                    text: "number \(number)", transaction: nil, keyId: nil, controlFlow: nil,
                    apdus: 1, milliseconds: 1)
                try await bench.store.append(entry, of: bench.car.vehicleId)
            }
            for (query, count) in [("", 50), ("?limit=3", 3), ("?limit=500", 60)] {
                let log = try await bench.send(.get, bench.path("/log" + query))
                    .json([CarAPI.LogEntry].self)
                #expect(log.count == count)
                #expect(log.first?.text == "number 60")
                #expect(log.map(\.id) == log.map(\.id).sorted(by: >))
            }
        }
    }

}

extension CarBench {
    /// Where `addKey` puts its key.
    static let slot = SlotID(generation: 0, position: 2)

    /// Puts a shared key into the roadster.
    func addKey() async throws -> KeyID {
        let key = PrivateKey.generate(TestPKI.random(seed: "friend"), for: "device.SK").publicKey
        try await store.change(car.vehicleId, at: TestPKI.start) { car, _ in
            car.record.keys.append(
                KeyRecord(
                    slotId: Self.slot, publicKey: key, version: .v0200,
                    config: KeyConfig(profile: .full, notBefore: TestPKI.start)))
        }
        return key.keyId
    }
}
