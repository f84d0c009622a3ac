// SPDX-License-Identifier: Apache-2.0

import Contracts
import Hummingbird
import Identifiers
import ServiceKit

/// What the automaker's operators do: vehicles, keys, partners.
struct OperatorRoutes: Sendable {
    let registrar: Registrar
    let partners: PartnerRoots

    func add(to router: Router<ServiceContext>) {
        let vehicles = router.group("operator/v1/vehicles")
        vehicles.get { _, context in
            try context.json(try await registrar.vehicles())
        }
        vehicles.post { request, context in
            let body = try await context.decode(RegistryAPI.AddVehicleRequest.self, from: request)
            let vehicle = try await registrar.add(body)
            return try context.json(
                try await registrar.vehicle(vehicle.vehicleId), status: .created)
        }
        vehicles.get(":vehicle") { _, context in
            let id = try context.parameter("vehicle", unknown: "VEHICLE_UNKNOWN") {
                try VehicleID(hex: $0)
            }
            return try context.json(try await registrar.vehicle(id))
        }
        router.get("operator/v1/keys/:key") { _, context in
            let id = try context.parameter("key", unknown: "KEY_UNKNOWN") { try KeyID(hex: $0) }
            return try context.json(try await registrar.key(id))
        }
        router.get("operator/v1/partners") { _, context in
            try context.json(try await registrar.partners().map(\.deviceOemId))
        }
        router.post("operator/v1/partners") { request, context in
            let body = try await context.decode(RegistryAPI.AddPartnerRequest.self, from: request)
            let partner = try await registrar.add(body)
            try await partners.reload()
            return try context.json(["deviceOemId": partner.deviceOemId], status: .created)
        }
    }
}
