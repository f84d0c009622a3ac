// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import ServiceKit

/// A car out of this gateway and into it, secrets included, for the bench only.
extension VehicleDesk {
    func exportFile(of id: VehicleID) async throws -> VehicleFile {
        try checkBench()
        guard let vehicle = try await store.vehicle(id) else { throw GatewayError.vehicleUnknown }
        let given = vehicle.provisioning
        guard let bytes = try? [UInt8](hex: given.encryptionKey),
            let encryptionKey = try? PrivateKey(scalar: bytes)
        else { throw GatewayError.stateDamaged("vehicle \(id)") }
        var file = vehicle.record.file(
            environment: given.environment, displayName: given.displayName,
            encryptionKey: encryptionKey, root: given.root, signature: given.signature)
        (file.door, file.dashboard) = (given.readers.door, given.readers.dashboard)
        (file.furtherDoors, file.trunk) = (given.readers.furtherDoors, given.readers.trunk)
        file.passiveEntry = given.passiveEntry
        return file
    }

    /// Replaces identity, keys and slots by those of the file; the newest document is applied again.
    func importFile(_ file: VehicleFile, as id: VehicleID) async throws -> CarAPI.Vehicle {
        try checkBench()
        guard file.format == VehicleFile.format, file.vehicleId == id else {
            throw GatewayError.provisioning("it is no exported vehicle, or another one")
        }
        guard file.environment == host.shared.environment else {
            throw GatewayError.provisioning(
                "environment \(file.environment), this is \(host.shared.environment)")
        }
        let now = host.clock.now
        let provisioning = try provisioning(from: file)
        try await checkReaders(provisioning.readers, of: id)
        try await checkRadio(provisioning.passiveEntry, of: id)
        var record = try VehicleRecord(provisioned: provisioning, at: now)
        do throws(PKIError) {
            try record.adopt(file, at: now)
        } catch { throw GatewayError(refusing: error) }
        var vehicle = StoredVehicle(provisioning: provisioning, record: record)
        vehicle.reportSequence = try await store.vehicle(id)?.reportSequence ?? 0
        try await store.provision(vehicle)
        try await readers.load(from: store)
        documents.ring()
        streams.ring()
        return try await onScreen(vehicle)
    }

    /// Whether the car may rely on its clock; without, keys with an end or a schedule enter and do not
    /// drive (PROTOCOL 8.9).
    func setTrustedTime(_ isTrusted: Bool, of id: VehicleID) async throws -> CarAPI.Vehicle {
        try checkBench()
        return try await change(id) { vehicle, _ in vehicle.record.hasTrustedTime = isTrusted }
    }

    private func checkBench() throws(GatewayError) {
        let environment = host.shared.environment
        guard BenchMaterial.isAllowed(in: environment) else {
            throw .refused(BenchMaterial.refusal(in: environment))
        }
    }

    private func provisioning(from file: VehicleFile) throws -> CarAPI.Provisioning {
        guard let door = file.door, let dashboard = file.dashboard else {
            throw GatewayError.provisioning("the file names no readers")
        }
        do throws(PKIError) {
            return CarAPI.Provisioning(
                vehicleId: file.vehicleId, displayName: file.displayName,
                environment: file.environment,
                vehicleKey: try BenchMaterial.member("vehicleKey") {
                    try PEM.privateKey(file.vehicleKey).scalar.hex
                },
                encryptionKey: try BenchMaterial.member("encryptionKey") {
                    try PEM.privateKey(file.encryptionKey).scalar.hex
                },
                immobilizerKey: file.immobilizerKey, certificate: file.certificate,
                intermediate: file.intermediate, root: file.root, signature: file.signature,
                readers: CarAPI.Readers(
                    door: door, dashboard: dashboard, furtherDoors: file.furtherDoors,
                    trunk: file.trunk),
                passiveEntry: file.passiveEntry)
        } catch { throw GatewayError(refusing: error) }
    }
}
