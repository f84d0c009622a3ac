// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import ServiceKit
import TestKit
import Testing

@testable import VehicleGateway

@Suite struct DocumentTests {
    @Test func `a signed document comes into force once, with one report`() async throws {
        let (car, store, desk) = try await provisioned()
        let document = try car.signed(car.document(3, pairing: "p"))
        try await desk.apply(document, to: car.vehicleId)
        await #expect(throws: GatewayError.rollback(inForce: 3)) {
            try await desk.apply(document, to: car.vehicleId)
        }
        let vehicle = try #require(try await store.vehicle(car.vehicleId))
        #expect(vehicle.documentVersion == 3)
        #expect(vehicle.record.isInPairingMode(at: WallClock.system.now))
        #expect(
            try await store.unsentReports(limit: 9).map(\.fact) == [.documentApplied(version: 3)])
    }

    @Test func `an older document is a rollback`() async throws {
        let (car, _, desk) = try await provisioned()
        try await desk.apply(car.signed(car.document(5)), to: car.vehicleId)
        await #expect(throws: GatewayError.rollback(inForce: 5)) {
            try await desk.apply(car.signed(car.document(4)), to: car.vehicleId)
        }
    }

    @Test func `documents that nobody may have signed are refused`() async throws {
        let (car, store, desk) = try await provisioned()
        let other = try TestPKI(seed: "elsewhere")
        let document = try car.document(1)
        var tampered = try car.signed(document)
        let parts = tampered.jws.split(separator: ".")
        let elsewhere = TestCar.base64URL(try JSONEncoder().encode(car.document(9)))
        tampered.jws = "\(parts[0]).\(elsewhere).\(parts[2])"
        let forgeries = [
            tampered,
            try car.signed(document, by: other.automaker.signature),
            try car.signed(
                document, by: other.automaker.signature,
                chain: [car.pki.automaker.signature.certificate]),
            try car.signed(document, by: car.pki.automaker.encryption),
            try car.signed(document, by: car.pki.automaker.root),
            try car.signed(document, algorithm: "none"),
            try car.signed(document, algorithm: "HS256"),
            try car.signed(document, chain: []),
            SignedVehicleDocument(vehicleId: car.vehicleId, version: 1, jws: "a.b.c"),
            SignedVehicleDocument(vehicleId: car.vehicleId, version: 1, jws: ""),
        ]
        for forgery in forgeries {
            await #expect("\(forgery.jws.prefix(60))") {
                try await desk.apply(forgery, to: car.vehicleId)
            } throws: { error in
                if case GatewayError.document = error { true } else { false }
            }
        }
        #expect(try await store.vehicle(car.vehicleId)?.documentVersion == 0)
    }

    @Test func `documents of another environment or vehicle are refused`() async throws {
        let (car, _, desk) = try await provisioned()
        var foreign = try car.document(1)
        foreign.environment = "production"
        let signed = try car.signed(foreign)
        await #expect(throws: GatewayError.document("it is of the environment production")) {
            try await desk.apply(signed, to: car.vehicleId)
        }
        var other = try car.document(1)
        other.vehicleId = VehicleID(uncheckedBytes: [UInt8](repeating: 1, count: 8))
        var disguised = try car.signed(other)
        disguised.vehicleId = car.vehicleId
        let disguise = disguised
        await #expect(throws: GatewayError.document("it is for another vehicle")) {
            try await desk.apply(disguise, to: car.vehicleId)
        }
        await #expect(throws: GatewayError.vehicleUnknown) {
            try await desk.apply(car.signed(other), to: other.vehicleId)
        }
    }

    @Test func `a verifier for another car cannot be opened`() async throws {
        let (car, _, desk) = try await provisioned()
        var document = try car.document(1)
        document.pairing = try TestCar("convertible").document(1, pairing: "p").pairing
        let signed = try car.signed(document)
        await #expect(throws: GatewayError.document("the pairing verifier cannot be opened")) {
            try await desk.apply(signed, to: car.vehicleId)
        }
    }

    @Test func `provisioning of another environment, key or vehicle is refused`() async throws {
        let (car, store, _) = try await provisioned()
        let factory = try makeDesk(store)
        var wrong: [CarAPI.Provisioning] = []
        let changes: [(inout CarAPI.Provisioning) throws -> Void] = [
            { $0.environment = "production" },
            { $0.vehicleKey = car.encryptionKey.scalar.hex },
            { $0.vehicleKey = "00" },
            { $0.immobilizerKey = "0102" },
            { $0.root = try TestPKI(seed: "elsewhere").automaker.root.certificate.pem },
            { $0.signature = car.pki.automaker.encryption.certificate.pem },
            { $0.readers.door = "Door" },
            { $0.readers.door = $0.readers.dashboard },
        ]
        for change in changes {
            var provisioning = try car.provisioning()
            try change(&provisioning)
            wrong.append(provisioning)
        }
        for provisioning in wrong {
            await #expect {
                try await factory.provision(provisioning, as: car.vehicleId)
            } throws: { error in
                if case GatewayError.provisioning = error { true } else { false }
            }
        }
        try await factory.provision(car.provisioning(), as: car.vehicleId)
    }

    private func provisioned() async throws -> (TestCar, GatewayStore, DocumentDesk) {
        let car = try TestCar()
        let store = try GatewayStore(path: temporaryPath())
        try await makeDesk(store).provision(car.provisioning(), as: car.vehicleId)
        return (car, store, DocumentDesk(store: store, host: host, reports: Bell()))
    }

    private func makeDesk(_ store: GatewayStore) throws -> VehicleDesk {
        VehicleDesk(
            store: store, readers: ReaderMap(), codes: ActivationCodes(), host: host,
            reports: Bell(), documents: Bell())
    }

    private var host: ServiceHost {
        ServiceHost(service: "vehicle-gateway", shared: SharedSettings(environment: "test"))
    }
}

/// A file that nobody has.
func temporaryPath() -> String {
    FileManager.default.temporaryDirectory
        .appending(path: "latchkey-\(UUID().uuidString)/state.sqlite").path
}
