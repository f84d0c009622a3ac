// SPDX-License-Identifier: Apache-2.0

public import Contracts
internal import Identifiers
public import KeyProtocol

/// Whole cars, secrets included, out of the stack and into it; the gateway says where that may be.
extension Fleet {
    /// The car called `name`.
    public func export(_ name: String) async throws -> VehicleFile {
        let id = try await carId(name)
        return try await cars.get("/car/v1/vehicles/\(id)/bench")
    }

    /// Puts a car at its readers, or at free ones when the file names none or those of another car.
    public func take(_ file: VehicleFile) async throws -> CarAPI.Vehicle {
        var file = file
        let others = try await cars.get("/car/v1/vehicles", as: [CarAPI.Vehicle].self)
            .filter { $0.vehicleId != file.vehicleId }
        let taken = others.flatMap { [$0.readers.door, $0.readers.dashboard] }
        if file.door == nil
            || [file.door, file.dashboard].contains(where: { taken.contains($0 ?? "") })
        {
            let readers = try freeReaders(others)
            (file.door, file.dashboard) = (readers.door, readers.dashboard)
        }
        return try await cars.send("PUT", "/car/v1/vehicles/\(file.vehicleId)/bench", file)
    }

    /// The id of the car called `name`, also when the registry does not know it.
    private func carId(_ name: String) async throws -> VehicleID {
        let here = try await cars.get("/car/v1/vehicles", as: [CarAPI.Vehicle].self).filter {
            $0.vehicleId.description == name.lowercased()
                || $0.displayName.lowercased() == name.lowercased()
        }
        if let car = here.first, here.count == 1 { return car.vehicleId }
        return try await find(name).vehicleId
    }
}
