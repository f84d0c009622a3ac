// SPDX-License-Identifier: Apache-2.0

import Contracts
import Hummingbird
import Identifiers
import Postgres
import ServiceKit

/// What owners may share, and what was decided.
struct SharingRoutes: Sendable {
    let database: Database
    let policy: SharingPolicy

    func add(to router: Router<ServiceContext>) {
        router.get("sharing/v1/levels") { _, context in
            try context.json(policy.levels)
        }
        router.get("sharing/v1/vehicles/:vehicle/decisions") { _, context in
            let id = try context.parameter("vehicle", unknown: "VEHICLE_UNKNOWN") {
                try VehicleID(hex: $0)
            }
            return try context.json(
                try await database.transaction { try await SharedKeyStore($0).ofVehicle(id) })
        }
    }
}
