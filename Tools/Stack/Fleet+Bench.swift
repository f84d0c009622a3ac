// SPDX-License-Identifier: Apache-2.0

public import Contracts
public import KeyProtocol

/// Whole cars, secrets included, out of a gateway and into it; the gateway says where that may be.
extension Fleet {
    /// The car called `name`.
    public func export(_ name: String) async throws -> VehicleFile {
        let id = try await car(called: name).vehicleId
        return try await cars.get("/car/v1/vehicles/\(id)/bench")
    }

    /// Puts a car at the readers that a person named, else at those of the file, else at free ones.
    ///
    /// Readers and a radio of the file that another car has are left out, except where a person named
    /// them: then the gateway refuses.
    public func take(
        _ file: VehicleFile, at named: (door: String, dashboard: String)? = nil
    ) async throws -> CarAPI.Vehicle {
        var file = file
        let others = try await standing().filter { $0.vehicleId != file.vehicleId }
        let taken = Set(others.flatMap(\.readers.names))
        file.furtherDoors = file.furtherDoors?.filter { !taken.contains($0) }
        file.trunk = file.trunk.flatMap { taken.contains($0) ? nil : $0 }
        if let named {
            (file.door, file.dashboard) = named
        } else if [file.door, file.dashboard].contains(where: { $0.map(taken.contains) ?? true }) {
            let further = (file.furtherDoors ?? []) + [file.trunk].compactMap(\.self)
            let readers = try freeReaders(besides: others, and: further)
            (file.door, file.dashboard) = (readers.door, readers.dashboard)
        }
        if file.passiveEntry != nil {
            file.passiveEntry = try freeRadio(
                others, door: file.door ?? "", former: file.passiveEntry)
        }
        return try await cars.send("PUT", "/car/v1/vehicles/\(file.vehicleId)/bench", file)
    }
}
