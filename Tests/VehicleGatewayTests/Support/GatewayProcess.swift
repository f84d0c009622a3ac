// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Contracts
import Foundation
import Identifiers
import Kafka
import NIOCore
import NIOHTTP1
import ServiceTestKit
import TestKit
import Testing

@testable import VehicleGateway

/// The executable of the gateway with its own state file, and what is needed around it.
final class GatewayProcess: Sendable {
    let car: TestCar
    let service: PrivatePCSC
    let brokerPort: Int
    private let folder: URL
    private let api = "127.0.0.1:\(FreePort.take())"
    private let admin = "127.0.0.1:\(FreePort.take())"

    init(_ car: TestCar, _ service: PrivatePCSC) {
        (self.car, self.service) = (car, service)
        brokerPort = FreePort.take()
        folder = FileManager.default.temporaryDirectory
            .appending(path: "latchkey-gateway-\(UUID().uuidString.prefix(8))")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private var state: String { folder.appending(path: "state.sqlite").path }

    /// Starts it, on the same state file each time, and waits until it is ready.
    func start() async throws -> RunningService {
        let prefix = "LATCHKEY_VEHICLE_GATEWAY_"
        var environment = service.environment
        environment[prefix + "ENVIRONMENT"] = car.environment
        environment[prefix + "KAFKA"] = "127.0.0.1:\(brokerPort)"
        environment[prefix + "API_ADDRESS"] = api
        environment[prefix + "STATE"] = state
        environment[prefix + "READER_PROFILE"] = "virtual"
        return try await .ready("vehicle-gateway", admin: admin, environment: environment)
    }

    /// Starts a broker that knows nothing; it ends with the value.
    func startBroker() throws -> Broker { try Broker(port: brokerPort) }

    var kafka: KafkaConfiguration {
        KafkaConfiguration(
            bootstrapServers: ["127.0.0.1:\(brokerPort)"], clientID: "test", security: .plaintext)
    }

    /// The state of the car, or none while the gateway does not answer.
    func vehicle() async throws -> CarAPI.Vehicle {
        try await call("GET", "vehicles/\(car.vehicleId)", as: CarAPI.Vehicle.self)
    }

    func log() async throws -> [CarAPI.LogEntry] {
        try await call("GET", "vehicles/\(car.vehicleId)/log?limit=20", as: [CarAPI.LogEntry].self)
    }

    /// Waits until the broker has confirmed every report.
    func untilNothingWaits() async throws {
        let store = try GatewayStore(path: state)
        try await eventually("confirmed reports") {
            try await store.unsentReports(limit: 1).isEmpty
        }
    }

    func provision() async throws {
        let body = try JSONEncoder().encode(car.provisioning())
        let path = "vehicles/\(car.vehicleId)"
        _ = try await call("PUT", path, body: body, as: CarAPI.Vehicle.self)
    }

    /// Holds the phone to a reader until the car has written a line into its log.
    func tap(_ phone: TestPhone, at reader: String) async throws -> CarAPI.LogEntry {
        let before = try await log().first?.id ?? 0
        let card = phone.card(on: try #require(service.port(of: reader)))
        try card.insert()
        defer { card.remove() }
        var found: CarAPI.LogEntry?
        try await eventually("a line in the log") {
            found = try await log().last { $0.id > before }
            return found != nil
        }
        card.remove()
        try await untilEmpty(reader)
        return try #require(found)
    }

    /// Waits until the gateway has seen the phone leave, so that the next tap is a new one.
    func untilEmpty(_ reader: String) async throws {
        try await eventually("an empty reader") {
            try await !call("GET", "readers", as: [ReaderStatus.Reader].self)
                .contains { $0.name.hasPrefix(reader + " ") && $0.phonePresent }
        }
    }

    /// Sends documents as the key registry would.
    func publish(_ documents: [SignedVehicleDocument]) async throws {
        let producer = try KafkaProducer(kafka)
        for document in documents {
            try await producer.send(
                KafkaRecord(
                    topic: Topic.vehicleDocuments.name(in: car.environment),
                    key: Array(document.key.utf8),
                    value: [UInt8](try JSONEncoder().encode(document))))
        }
        await producer.close()
    }

    /// The first `count` records of a topic.
    func records(_ count: Int, of topic: String) async throws -> [KafkaMessage] {
        let consumer = try KafkaConsumer(kafka, fromTheBeginningOf: [topic])
        let closing = Task {
            try? await Task.sleep(for: .seconds(20))
            await consumer.close()
        }
        defer { closing.cancel() }
        var found: [KafkaMessage] = []
        for try await batch in consumer {
            found += batch
            if found.count >= count { break }
        }
        await consumer.close()
        return found
    }

    func call<Answer: Decodable>(
        _ method: String, _ path: String, body: Data? = nil, as type: Answer.Type
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://\(api)/car/v1/\(path)")
        request.method = HTTPMethod(rawValue: method)
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(5))
        let bytes = try await answer.body.collect(upTo: 1 << 20)
        return try JSONDecoder().decode(type, from: Data(bytes.readableBytesView))
    }
}

/// The development broker as its own process.
final class Broker: Sendable {
    private let process: Process

    init(port: Int) throws {
        process = Process()
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
        process.executableURL = URL(filePath: bundle).deletingLastPathComponent()
            .appending(path: "latchkey-development-broker")
        process.arguments = ["--port", "\(port)", "--parent-pid", "\(getpid())"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit { end() }

    func end() { if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) } }
}
