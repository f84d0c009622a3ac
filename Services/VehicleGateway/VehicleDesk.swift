// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyCrypto
import KeyProtocol
import PCSC
import ServiceKit
import Synchronization

/// The use cases of the car's own screen and of the factory line: load, ask, save, in one transaction.
struct VehicleDesk: Sendable {
    let store: GatewayStore
    let readers: ReaderMap
    let codes: ActivationCodes
    let host: ServiceHost
    /// Rung when a report was queued.
    let reports: Bell
    /// Rung when documents are to be read again.
    let documents: Bell
    /// Rung when a vehicle's radio may have moved.
    var streams = Bell()

    private var now: Instant { host.clock.now }

    /// Gives a car its identity, or a repeat of it; keys, slots and log are kept.
    func provision(_ provisioning: CarAPI.Provisioning, as id: VehicleID) async throws {
        guard provisioning.vehicleId == id else {
            throw GatewayError.provisioning("the path names another vehicle than the body")
        }
        guard provisioning.environment == host.shared.environment else {
            throw GatewayError.provisioning(
                "environment \(provisioning.environment), this is \(host.shared.environment)")
        }
        try await checkReaders(provisioning.readers, of: id)
        try await checkRadio(provisioning.passiveEntry, of: id)
        let fresh = try VehicleRecord(provisioned: provisioning, at: now)
        if try await store.vehicle(id) != nil {
            try await store.change(id, at: now) { vehicle, _ in
                try vehicle.record.adoptIdentity(of: fresh)
                vehicle.provisioning = provisioning
            }
        } else {
            try await store.provision(StoredVehicle(provisioning: provisioning, record: fresh))
        }
        try await readers.load(from: store)
        documents.ring()
        streams.ring()
    }

    /// Who reaches the simulated radio may say how far a phone is, so it stays on this machine.
    func checkRadio(_ text: String?, of id: VehicleID) async throws {
        guard let text else { return }
        let address = ListenAddress(text)
        guard let address, address.port > 0,
            ["127.0.0.1", "::1", "localhost"].contains(address.host)
        else {
            throw GatewayError.provisioning("\(text) is no host and port on loopback")
        }
        for other in try await store.vehicles() where other.id != id {
            guard other.provisioning.passiveEntry != text else {
                throw GatewayError.readerTaken(text)
            }
        }
    }

    /// All readers are named well, each once, and belong to no other vehicle.
    func checkReaders(_ readers: CarAPI.Readers, of id: VehicleID) async throws {
        let names = readers.names
        for name in names where ReaderName(configured: name) == nil {
            throw GatewayError.provisioning("\(name) is not a friendly name and a slot")
        }
        guard readers.furtherDoors?.count ?? 0 <= CarAPI.Readers.furtherDoorLimit else {
            throw GatewayError.provisioning(
                "more than \(CarAPI.Readers.furtherDoorLimit) further doors")
        }
        guard Set(names).count == names.count else {
            throw GatewayError.provisioning("two places of the car have the same reader")
        }
        for other in try await store.vehicles() where other.id != id {
            let taken = other.provisioning.readers.names
            if let name = names.first(where: taken.contains) {
                throw GatewayError.readerTaken(name)
            }
        }
    }

    func vehicles() async throws -> [CarAPI.Vehicle] {
        var shown: [CarAPI.Vehicle] = []
        for vehicle in try await store.vehicles() { shown.append(try await onScreen(vehicle)) }
        return shown
    }

    func vehicle(_ id: VehicleID) async throws -> CarAPI.Vehicle {
        guard let vehicle = try await store.vehicle(id) else { throw GatewayError.vehicleUnknown }
        return try await onScreen(vehicle)
    }

    /// What the car's screen shows, the sentence of its last tap with it.
    func onScreen(_ vehicle: StoredVehicle) async throws -> CarAPI.Vehicle {
        let lastTap = try await store.log(of: vehicle.id, limit: 1).first
        return vehicle.onScreen(at: now, sentence: lastTap?.text)
    }

    func log(of id: VehicleID, limit: Int) async throws -> [CarAPI.LogEntry] {
        _ = try await vehicle(id)
        return try await store.log(of: id, limit: limit)
    }

    func setLocked(_ isLocked: Bool, _ id: VehicleID) async throws -> CarAPI.Vehicle {
        try await change(id) { vehicle, _ in vehicle.locked = isLocked }
    }

    /// Stops the engine; only a key at the dashboard reader starts it.
    func stopEngine(_ id: VehicleID) async throws -> CarAPI.Vehicle {
        try await change(id) { vehicle, _ in
            vehicle.engineRunning = false
            vehicle.speedLimit = nil
        }
    }

    /// Removes a key at the car's screen and reports it.
    func removeKey(_ keyId: KeyID, of id: VehicleID) async throws -> CarAPI.Vehicle {
        try await change(id) { vehicle, facts in
            if let key = vehicle.record.terminate(keyId) {
                facts.append(.keyRemoved(keyId: keyId, slotId: key.slotId))
            } else if let pending = vehicle.record.pending, pending.key.keyId == keyId {
                vehicle.record.retire([pending.key.slotId])
                facts.append(.keyRemoved(keyId: keyId, slotId: pending.key.slotId))
            } else {
                throw GatewayError.keyUnknown
            }
        }
    }

    /// Lets a text wait for the phone of a key, in place of one that still waits; none takes it back.
    func leave(_ text: String?, for keyId: KeyID, of id: VehicleID) async throws -> CarAPI.Vehicle {
        let message: CarMessage?
        do throws(ProtocolError) {
            message = try text.map { text throws(ProtocolError) in try CarMessage(text) }
        } catch {
            throw GatewayError.refused(
                "a message is one line of 1 to \(Limits.carMessage) bytes of text")
        }
        return try await change(id) { vehicle, _ in
            guard vehicle.record.leave(message, for: keyId) else { throw GatewayError.keyUnknown }
        }
    }

    /// Takes the activation code of a shared key (PROTOCOL 10.6).
    func enterActivationCode(_ code: String, of id: VehicleID) async throws -> CarAPI.Vehicle {
        guard code.utf8.count == 6, code.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw GatewayError.refused("an activation code has 6 digits")
        }
        let vehicle = try await vehicle(id)
        codes.enter(code, for: id)
        return vehicle
    }

    func change(
        _ id: VehicleID,
        _ body: @escaping @Sendable (inout StoredVehicle, inout [VehicleReport.Fact]) throws -> Void
    ) async throws -> CarAPI.Vehicle {
        let now = now
        let vehicle = try await store.change(id, at: now) { vehicle, facts in
            try body(&vehicle, &facts)
            return vehicle
        }
        reports.ring()
        return try await onScreen(vehicle)
    }
}

extension StoredVehicle {
    /// What the car's screen shows.
    func onScreen(at now: Instant, sentence: String?) -> CarAPI.Vehicle {
        CarAPI.Vehicle(
            vehicleId: id, displayName: provisioning.displayName, locked: locked,
            engineRunning: engineRunning, speedLimitKmh: speedLimit,
            state: record.screenState(at: now), pairingMode: record.isInPairingMode(at: now),
            documentVersion: documentVersion, readers: provisioning.readers,
            passiveEntry: provisioning.passiveEntry, trustedTime: record.hasTrustedTime,
            screen: sentence, keys: record.screenKeys)
    }
}

/// Which vehicle and which role a reader belongs to; kept in memory, because every tap asks.
final class ReaderMap: Sendable {
    struct Place: Equatable, Sendable {
        let vehicleId: VehicleID
        let role: ReaderRole
    }

    private let places = Mutex<[ReaderName: Place]>([:])

    /// Reads the readers of all vehicles.
    func load(from store: GatewayStore) async throws {
        var found: [ReaderName: Place] = [:]
        for vehicle in try await store.vehicles() {
            for (text, role) in vehicle.provisioning.readers.places {
                if let name = ReaderName(configured: text) {
                    found[name] = Place(vehicleId: vehicle.id, role: role)
                }
            }
        }
        places.withLock { $0 = found }
    }

    /// The place of the reader that PC/SC lists as `listed`; none when no vehicle has it.
    func place(of listed: String) -> Place? {
        ReaderName(listed: listed).flatMap { name in places.withLock { $0[name] } }
    }
}
