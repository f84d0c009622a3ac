// SPDX-License-Identifier: Apache-2.0

public import Contracts
public import Identifiers

/// The cars themselves: they answer when the registry is down, and also when it never knew them.
extension Fleet {
    /// All cars of this stack, those that came by `vehicle import` included.
    public func standing() async throws -> [CarAPI.Vehicle] {
        try await cars.get("/car/v1/vehicles")
    }

    /// The car a person means: its id or its name, or the VIN or name the registry has for it.
    public func car(called name: String) async throws -> CarAPI.Vehicle {
        let found = try await standing().filter {
            $0.vehicleId.description == name.lowercased()
                || $0.displayName.lowercased() == name.lowercased()
        }
        guard let car = found.first else { return try await self.car(find(name).vehicleId) }
        guard found.count == 1 else {
            throw APIError(
                status: nil,
                description:
                    "several vehicles are called \(name)\nhint: use its VIN or its vehicle id")
        }
        return car
    }

    /// What the registry has of a car; none of one that came by `vehicle import`.
    public func registered(_ car: CarAPI.Vehicle) async throws -> RegistryAPI.Vehicle? {
        try await list().first { $0.vehicleId == car.vehicleId }
    }

    /// Enters the six digits that a friend was given, at the car's own screen.
    public func enter(activationCode code: String, _ id: VehicleID) async throws {
        try await cars.send("POST", "/car/v1/vehicles/\(id)/activation-code", ["code": code])
    }

    /// Stops the engine at the car's own screen.
    public func stopEngine(_ id: VehicleID) async throws {
        try await cars.send("POST", "/car/v1/vehicles/\(id)/engine", ["running": false])
    }

    /// Removes a key at the car's own screen.
    public func remove(_ key: KeyID, _ id: VehicleID) async throws {
        try await cars.send("DELETE", "/car/v1/vehicles/\(id)/keys/\(key)")
    }

    /// Leaves a text for the phone of a key, at the car's own screen; none takes back what waits.
    public func leave(message text: String?, for key: KeyID, _ id: VehicleID) async throws {
        let path = "/car/v1/vehicles/\(id)/keys/\(key)/message"
        guard let text else { return try await cars.send("DELETE", path) }
        try await cars.send("PUT", path, ["text": text])
    }

    /// Whether the car relies on its clock; the bench only.
    public func set(_ id: VehicleID, trustedTime: Bool) async throws {
        try await cars.send("POST", "/car/v1/vehicles/\(id)/clock", ["trusted": trustedTime])
    }

    /// The car's own log, newest first.
    public func log(_ id: VehicleID, limit: Int = 20) async throws -> [CarAPI.LogEntry] {
        try await cars.get("/car/v1/vehicles/\(id)/log?limit=\(limit)")
    }

    /// Locks or unlocks at the car's own screen.
    public func set(_ id: VehicleID, locked: Bool) async throws {
        try await cars.send("POST", "/car/v1/vehicles/\(id)/\(locked ? "lock" : "unlock")")
    }
}
