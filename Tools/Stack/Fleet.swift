// SPDX-License-Identifier: Apache-2.0

public import Contracts
public import Identifiers

/// The automaker's view of its vehicles, through the registry's and the cars' own interfaces.
public struct Fleet: Sendable {
    /// The stack around the cars; none around a gateway that runs alone.
    private let stack: Home?
    let cars: JSONClient

    private struct Home {
        let record: StackRecord
        let folder: StateFolder
        let registry: JSONClient
    }

    /// The fleet of a running stack.
    public init(folder: StateFolder) throws(StackError) {
        let record = try StackRecord.load(folder)
        stack = Home(record: record, folder: folder, registry: JSONClient(record.registryAPI))
        cars = JSONClient(record.carAPI)
    }

    /// The cars of a gateway that runs alone, whose car API is at `gateway`, `host:port`; no registry
    /// knows them.
    public init(gateway: String) {
        stack = nil
        cars = JSONClient("http://\(gateway)", hint: "is a vehicle gateway's API_ADDRESS there?")
    }

    private func running() throws(APIError) -> Home {
        guard let stack else {
            throw APIError(status: nil, description: "a gateway that runs alone has no registry")
        }
        return stack
    }

    /// Builds a vehicle: identity, keys, certificate, registration, provisioning of its computer.
    ///
    /// The identity is kept in the automaker's folder first, so that a repeat after a failure builds
    /// the same vehicle.
    public func add(
        vin: String, name: String, account: String, readers: CarAPI.Readers?,
        passiveEntry: Bool = false
    ) async throws -> CarAPI.Vehicle {
        let stack = try running()
        let known = try await list().first { $0.vin == vin }
        guard known?.displayName ?? name == name else {
            throw APIError(
                status: nil,
                description:
                    "the VIN \(vin) belongs to \(known?.displayName ?? "")\nhint: a repeat takes the same --name"
            )
        }
        let existing = try await standing()
        let factory = Factory(
            folder: stack.folder.automaker, environment: stack.record.environment)
        var built = try factory.build(vin: vin, name: name)
        if let same = existing.first(where: { $0.vehicleId == built.provisioning.vehicleId }) {
            built.provisioning.readers = readers ?? same.readers
            built.provisioning.passiveEntry = same.passiveEntry
        } else {
            built.provisioning.readers = try readers ?? freeReaders(besides: existing)
        }
        if passiveEntry, built.provisioning.passiveEntry == nil {
            built.provisioning.passiveEntry = try freeRadio(
                existing, door: built.provisioning.readers.door)
        }
        // The car comes first: it refuses readers that are taken, and then nothing was registered.
        let id = built.provisioning.vehicleId
        try await cars.send("PUT", "/car/v1/vehicles/\(id)", built.provisioning)
        try await stack.registry.send(
            "POST", "/operator/v1/vehicles",
            RegistryAPI.AddVehicleRequest(
                vin: vin, vehicleId: id, displayName: name, account: account,
                certificate: built.provisioning.certificate,
                encryptionPublicKey: built.encryptionPublicKey))
        return try await cars.get("/car/v1/vehicles/\(id)")
    }

    /// All vehicles as the registry knows them; none where there is no registry.
    public func list() async throws -> [RegistryAPI.Vehicle] {
        try await stack?.registry.get("/operator/v1/vehicles") ?? []
    }

    /// The vehicle a person means: its VIN, its id, or its name.
    public func find(_ name: String) async throws -> RegistryAPI.Vehicle {
        let matches = try await list().filter {
            $0.vin == name || $0.vehicleId.description == name.lowercased()
                || $0.displayName.lowercased() == name.lowercased()
        }
        guard let vehicle = matches.first, matches.count == 1 else {
            throw APIError(
                status: nil,
                description: matches.isEmpty
                    ? "there is no vehicle \(name)\nhint: latchkey vehicle list"
                    : "several vehicles are called \(name)\nhint: use the VIN")
        }
        return vehicle
    }

    /// What the car itself says.
    public func car(_ id: VehicleID) async throws -> CarAPI.Vehicle {
        do {
            return try await cars.get("/car/v1/vehicles/\(id)")
        } catch let error as APIError where error.status == 404 {
            throw APIError(
                status: 404,
                description:
                    "the vehicle \(id) is registered, but its computer was never set up\nhint: repeat latchkey vehicle add with its VIN"
            )
        }
    }

    /// Starts pairing as the owner's app does: a token of the vehicle's account, a fresh password.
    public func startPairing(_ vehicle: RegistryAPI.Vehicle, account: String?) async throws
        -> RegistryAPI.Pairing
    {
        let stack = try running()
        let token = try await AppTokens(folder: stack.folder.automaker).token(
            account: account ?? vehicle.account)
        do {
            return try await JSONClient(stack.record.registryAPI, token: token).send(
                "POST", "/app/v1/vehicles/\(vehicle.vehicleId)/pairing", Optional<String>.none)
        } catch let error as APIError where error.status == 403 {
            throw APIError(
                status: 403,
                description: error.description
                    + "\nhint: leave --account out, or name the one given to latchkey vehicle add")
        }
    }

    /// A pair of virtual readers of this stack that no car uses at any place, and not among `names`.
    func freeReaders(
        besides existing: [CarAPI.Vehicle], and names: [String] = []
    ) throws(APIError) -> CarAPI.Readers {
        guard stack != nil else {
            throw APIError(
                status: nil,
                description:
                    "the file names no door and dashboard that are free\nhint: name readers with --door and --dashboard"
            )
        }
        let taken = Set(existing.flatMap(\.readers.names) + names)
        for car in 1...PortPlan.cars {
            let pair = [0, 1].map { ReaderPart.name(car: car, slot: $0) }
            if taken.isDisjoint(with: pair) { return .init(door: pair[0], dashboard: pair[1]) }
        }
        throw APIError(
            status: nil,
            description:
                "all \(PortPlan.cars) virtual reader pairs are taken\nhint: name readers with --door and --dashboard"
        )
    }

    /// The radio that goes with the virtual readers of the car, else any that no car has; at a gateway
    /// that runs alone `former`, unless another car has it.
    func freeRadio(
        _ existing: [CarAPI.Vehicle], door: String, former: String? = nil
    ) throws(APIError) -> String? {
        let taken = Set(existing.compactMap(\.passiveEntry))
        guard let ports = stack?.record.ports else {
            return former.flatMap { taken.contains($0) ? nil : $0 }
        }
        let cars = Array(1...PortPlan.cars)
        let own = cars.filter { ReaderPart.name(car: $0, slot: 0) == door }
        for car in own + cars {
            let address = "127.0.0.1:\(ports.radio(ofCar: car))"
            if !taken.contains(address) { return address }
        }
        throw APIError(
            status: nil,
            description:
                "all \(PortPlan.cars) radios are taken\nhint: a car without passive entry needs none"
        )
    }

    /// The TCP port of a virtual reader of this stack; none for a reader of another kind.
    public func port(ofReader name: String) -> Int? {
        guard let ports = stack?.record.ports else { return nil }
        for car in 1...PortPlan.cars {
            if name == ReaderPart.name(car: car, slot: 0) { return ports.door(ofCar: car) }
            if name == ReaderPart.name(car: car, slot: 1) { return ports.dashboard(ofCar: car) }
        }
        return nil
    }
}
