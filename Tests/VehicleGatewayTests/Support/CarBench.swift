// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Identifiers
import NIOCore
import ServiceKit

@testable import VehicleGateway

/// The car API as a client sees it; no socket, no reader, no broker.
struct CarBench: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: Data

        func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            try JSONDecoder().decode(type, from: body)
        }

        /// The word of a refusal.
        var word: String? {
            struct Refusal: Decodable { let subStatusCode: String }
            return try? json(Refusal.self).subStatusCode
        }
    }

    let client: any TestClientProtocol
    let store: GatewayStore
    let car: TestCar

    /// Runs `body` with a gateway that knows no vehicle yet.
    static func run(_ body: @Sendable @escaping (CarBench) async throws -> Void) async throws {
        let car = try TestCar()
        let path = temporaryPath()
        defer {
            try? FileManager.default.removeItem(
                at: URL(filePath: path).deletingLastPathComponent())
        }
        let store = try GatewayStore(path: path)
        let host = ServiceHost(
            service: "vehicle-gateway", shared: SharedSettings(environment: car.environment))
        let bell = Bell()
        let desk = VehicleDesk(
            store: store, readers: ReaderMap(), codes: ActivationCodes(), host: host,
            reports: bell, documents: bell)
        try await listener(desk, host).application.test(.router) { client in
            try await body(CarBench(client: client, store: store, car: car))
        }
    }

    static func listener(
        _ desk: VehicleDesk, _ host: ServiceHost, _ status: ReaderStatus = ReaderStatus()
    ) -> HTTPListener {
        HTTPListener("car", at: ListenAddress(host: "127.0.0.1", port: 0), host: host) { router in
            CarRoutes(desk: desk, status: status).add(to: router)
        }
    }

    /// Sends to `/car/v1/…`.
    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil,
        type: String = "application/json"
    ) async throws -> Answer {
        var headers = HTTPFields()
        if body != nil { headers[.contentType] = type }
        return try await client.execute(
            uri: "/car/v1/" + path, method: method, headers: headers,
            body: body.map { ByteBuffer(string: $0) }
        ) { Answer(status: $0.status.code, body: Data($0.body.readableBytesView)) }
    }

    /// The path of the roadster, and of something below it.
    func path(_ rest: String = "") -> String { "vehicles/\(car.vehicleId)" + rest }

    /// Provisions the roadster, or `car` of the same maker, as the factory line does.
    @discardableResult
    func provision(
        _ car: TestCar? = nil, change: (inout CarAPI.Provisioning) throws -> Void = { _ in }
    ) async throws -> Answer {
        let car = car ?? self.car
        var provisioning = try car.provisioning()
        try change(&provisioning)
        let body = String(decoding: try JSONEncoder().encode(provisioning), as: UTF8.self)
        return try await send(.put, "vehicles/\(car.vehicleId)", body)
    }
}
