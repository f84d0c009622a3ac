// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import HTTPTypes
import Hummingbird
import Identifiers
import KeyProtocol
import ServiceKit

/// `/car/v1`: the factory line and the car's own screen.
struct CarRoutes: Sendable {
    let desk: VehicleDesk
    let status: ReaderStatus

    /// Lines of the log in one answer, at most.
    static let logLimit = 500

    private struct ActivationCode: Decodable { let code: String }
    private struct Engine: Decodable { let running: Bool }
    private struct Clock: Decodable { let trusted: Bool }
    private struct Message: Decodable { let text: String }

    func add(to router: Router<ServiceContext>) {
        router.get("car/v1/readers") { _, context in try context.json(status.readers) }
        router.get("car/v1/vehicles") { _, context in
            try context.json(try await desk.vehicles())
        }
        router.get("car/v1/vehicles/{id}") { _, context in
            try context.json(try await desk.vehicle(try vehicle(context)))
        }
        router.put("car/v1/vehicles/{id}") { request, context in
            let id = try vehicle(context)
            let body = try await context.decode(CarAPI.Provisioning.self, from: request)
            try await desk.provision(body, as: id)
            return try context.json(try await desk.vehicle(id))
        }
        router.get("car/v1/vehicles/{id}/log") { request, context in
            let text = request.uri.queryParameters["limit"].map(String.init) ?? "50"
            guard let limit = Int(text), (1...Self.logLimit).contains(limit) else {
                throw Problem(
                    .badRequest, "RANGE", "limit is a number from 1 to \(Self.logLimit)")
            }
            return try context.json(
                try await desk.log(of: try vehicle(context), limit: limit))
        }
        router.post("car/v1/vehicles/{id}/lock") { _, context in
            try context.json(try await desk.setLocked(true, try vehicle(context)))
        }
        router.post("car/v1/vehicles/{id}/unlock") { _, context in
            try context.json(try await desk.setLocked(false, try vehicle(context)))
        }
        router.post("car/v1/vehicles/{id}/engine") { request, context in
            let id = try vehicle(context)
            guard try await !context.decode(Engine.self, from: request).running else {
                throw GatewayError.refused("only a key at the dashboard reader starts the engine")
            }
            return try context.json(try await desk.stopEngine(id))
        }
        router.post("car/v1/vehicles/{id}/activation-code") { request, context in
            let id = try vehicle(context)
            let body = try await context.decode(ActivationCode.self, from: request)
            return try context.json(try await desk.enterActivationCode(body.code, of: id))
        }
        router.get("car/v1/vehicles/{id}/bench") { _, context in
            try context.json(try await desk.exportFile(of: try vehicle(context)))
        }
        router.put("car/v1/vehicles/{id}/bench") { request, context in
            let id = try vehicle(context)
            let file = try await context.decode(VehicleFile.self, from: request)
            return try context.json(try await desk.importFile(file, as: id))
        }
        router.post("car/v1/vehicles/{id}/clock") { request, context in
            let id = try vehicle(context)
            let body = try await context.decode(Clock.self, from: request)
            return try context.json(try await desk.setTrustedTime(body.trusted, of: id))
        }
        router.delete("car/v1/vehicles/{id}/keys/{keyId}") { _, context in
            let (keyId, id) = (try key(context), try vehicle(context))
            return try context.json(try await desk.removeKey(keyId, of: id))
        }
        router.put("car/v1/vehicles/{id}/keys/{keyId}/message") { request, context in
            let (keyId, id) = (try key(context), try vehicle(context))
            let body = try await context.decode(Message.self, from: request)
            return try context.json(try await desk.leave(body.text, for: keyId, of: id))
        }
        router.delete("car/v1/vehicles/{id}/keys/{keyId}/message") { _, context in
            let (keyId, id) = (try key(context), try vehicle(context))
            return try context.json(try await desk.leave(nil, for: keyId, of: id))
        }
    }

    private func key(_ context: ServiceContext) throws -> KeyID {
        try context.parameter("keyId", unknown: "KEY_UNKNOWN") { try KeyID(hex: $0) }
    }

    private func vehicle(_ context: ServiceContext) throws -> VehicleID {
        try context.parameter("id", unknown: "VEHICLE_UNKNOWN") { try VehicleID(hex: $0) }
    }
}
