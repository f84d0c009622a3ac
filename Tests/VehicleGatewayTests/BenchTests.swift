// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import HTTPTypes
import KeyProtocol
import ServiceKit
import Testing

@testable import VehicleGateway

@Suite struct BenchTests {
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
