// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTPTypes
import Hummingbird
import Identifiers
import JWTKit
import ServiceKit

/// What owner apps do, with a bearer token of the automaker's sign-in.
struct AppRoutes: Sendable {
    let registrar: Registrar
    let passwords: PasswordMaker

    private struct Claims: JWTPayload {
        var sub: SubjectClaim
        var exp: ExpirationClaim

        func verify(using algorithm: some JWTAlgorithm) async throws { try exp.verifyNotExpired() }
    }

    func add(to router: Router<ServiceContext>) {
        router.post("app/v1/vehicles/:vehicle/pairing") { request, context in
            let account = try await account(request)
            let id = try context.parameter("vehicle", unknown: "VEHICLE_UNKNOWN") {
                try VehicleID(hex: $0)
            }
            let pairing = try await passwords.serve(account) {
                // Asked before the costly verifier is made, and again in the transaction.
                guard try await registrar.vehicle(id).account == account else {
                    throw RegistryError.notBound
                }
                return try await registrar.startPairing(
                    id, account: account, made: passwords.make())
            }
            return try context.json(pairing)
        }
    }

    private func account(_ request: Request) async throws -> String {
        guard let header = request.headers[.authorization], header.hasPrefix("Bearer "),
            header.utf8.count <= 4096
        else { throw RegistryError.tokenInvalid }
        do {
            let claims = try await registrar.identity.appTokens.verify(
                String(header.dropFirst(7)), as: Claims.self)
            return claims.sub.value
        } catch {
            throw RegistryError.tokenInvalid
        }
    }
}
