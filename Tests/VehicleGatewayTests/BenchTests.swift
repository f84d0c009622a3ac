// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import HTTPTypes
import KeyProtocol
import ServiceKit
import Testing

@testable import VehicleGateway

@Suite struct BenchTests {
    /// Why a file is refused, and what was done to it.
    private static let refused: [(String, @Sendable (inout VehicleFile) -> Void)] = [
        ("displayName takes 1 to 30 bytes", { $0.displayName = "" }),
        ("displayName takes 1 to 30", { $0.displayName = String(repeating: "x", count: 6000) }),
        ("options: ", { $0.options = "8a03" }), ("options: ", { $0.options = "8b03" }),
        ("options: ", { $0.options = "8703" }), ("options: ", { $0.options = "8f" }),
        ("vehicleKey: ", { $0.vehicleKey = "5ec2e7" }), ("brand: ", { $0.brand = "ff" }),
        ("slots: ", { $0.slots = ["zz": .bound] }),
        ("keys[0]: kpersistent: ", { $0.keys[0].kpersistent = "5ec2e7" }),
        ("keys[0]: config: ", { $0.keys[0].config = "5ec2e7" }),
    ]

    @Test func `a car leaves with its keys and comes back with them`() async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            let key = try await bench.addKey()
            let out = try await bench.send(.get, bench.path("/bench"))
            #expect(out.status == 200)
            let file = try out.json(VehicleFile.self)
            #expect(file.keys.count == 1 && file.environment == bench.car.environment)
            let before = try await bench.store.vehicle(bench.car.vehicleId)
            _ = try await bench.send(.delete, bench.path("/keys/\(key)"))
            let text = String(decoding: out.body, as: UTF8.self)
            let back = try await bench.send(.put, bench.path("/bench"), text)
            #expect(back.status == 200)
            let after = try await bench.store.vehicle(bench.car.vehicleId)
            #expect(after?.record == before?.record)
        }
    }

    @Test func `a car leaves with all its readers and its radio`() async throws {
        try await CarBench.run { bench in
            try await bench.provision { given in
                given.readers.trunk = "Boot 00"
                given.readers.furtherDoors = ["Rear 00", "Rear 01"]
                given.passiveEntry = "127.0.0.1:28000"
            }
            let before = try await bench.send(.get, bench.path()).json(CarAPI.Vehicle.self)
            let out = try await bench.send(.get, bench.path("/bench"))
            try await bench.provision { given in given.readers.trunk = nil }
            let text = String(decoding: out.body, as: UTF8.self)
            let back = try await bench.send(.put, bench.path("/bench"), text)
            let after = try back.json(CarAPI.Vehicle.self)
            #expect(after == before)
            #expect(after.readers.trunk == "Boot 00" && after.passiveEntry == "127.0.0.1:28000")

            let other = try TestCar("coupe", seed: "coachworks")
            let added = try await bench.provision(other) { given in
                given.readers = .init(door: "Coupe 00", dashboard: "Coupe 01", trunk: "Boot 01")
            }
            #expect(added.status == 200)
            var file = try out.json(VehicleFile.self)
            file.trunk = "Boot 01"
            let taken = String(decoding: try JSONEncoder().encode(file), as: UTF8.self)
            #expect(try await bench.send(.put, bench.path("/bench"), taken).status == 409)
        }
    }

    @Test(arguments: refused)
    func `a file that cannot be used says which member is wrong, and not what is in it`(
        reason: String, change: @escaping @Sendable (inout VehicleFile) -> Void
    ) async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            _ = try await bench.addKey()
            var file = try await bench.send(.get, bench.path("/bench")).json(VehicleFile.self)
            change(&file)
            let text = String(decoding: try JSONEncoder().encode(file), as: UTF8.self)
            let answer = try await bench.send(.put, bench.path("/bench"), text)
            #expect(answer.status == 422 && answer.word == "PROVISIONING")
            let said = String(decoding: answer.body, as: UTF8.self)
            #expect(said.contains(reason) && !said.contains("5ec2e7"), "\(said)")
        }
    }

    @Test func `a file of another car or another kind is refused`() async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            let out = try await bench.send(.get, bench.path("/bench"))
            for change in [
                { (file: inout VehicleFile) in file.format = "other" },
                { file in file.environment = "elsewhere" },
                { file in file.certificate = file.root },
                { file in file.vehicleKey = file.encryptionKey },
                { file in file.slots = ["zz": .bound] },
            ] {
                var file = try out.json(VehicleFile.self)
                change(&file)
                let text = String(decoding: try JSONEncoder().encode(file), as: UTF8.self)
                let answer = try await bench.send(.put, bench.path("/bench"), text)
                #expect(answer.status == 422 && answer.word == "PROVISIONING")
            }
        }
    }

    @Test func `keys do not leave a car of the environment production`() async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            let bell = Bell()
            let host = ServiceHost(
                service: "vehicle-gateway", shared: SharedSettings(environment: "production"))
            let desk = VehicleDesk(
                store: bench.store, readers: ReaderMap(), codes: ActivationCodes(), host: host,
                reports: bell, documents: bell)
            await #expect(throws: GatewayError.refused(BenchMaterial.refusal(in: "production"))) {
                try await desk.exportFile(of: bench.car.vehicleId)
            }
        }
    }
}
