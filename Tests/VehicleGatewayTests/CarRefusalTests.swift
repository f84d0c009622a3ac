// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Testing

@testable import VehicleGateway

/// Everything a client of the car API may get wrong, in one table.
@Suite struct CarRefusalTests {
    struct Call: Sendable, CustomTestStringConvertible {
        let method: HTTPRequest.Method
        /// `ID` stands for the vehicle.
        let path: String
        var body: String?
        var type = "application/json"
        let status: Int
        let word: String

        init(
            _ method: HTTPRequest.Method, _ path: String, body: String? = nil,
            type: String = "application/json", _ status: Int, _ word: String
        ) {
            (self.method, self.path, self.body, self.type) = (method, path, body, type)
            (self.status, self.word) = (status, word)
        }

        var testDescription: String { "\(method) \(path) \(body?.prefix(30) ?? "") → \(word)" }
    }

    static let nobody = "0102030405060708"
    static let noKey = String(repeating: "0", count: 40)

    static let calls: [Call] = [
        // Nothing there.
        Call(.get, "vehicles/\(nobody)", 404, "VEHICLE_UNKNOWN"),
        Call(.get, "vehicles/12", 404, "VEHICLE_UNKNOWN"),
        Call(.get, "vehicles/not-hexadecimal!", 404, "VEHICLE_UNKNOWN"),
        Call(.get, "vehicles/\(nobody)/log", 404, "VEHICLE_UNKNOWN"),
        Call(.post, "vehicles/\(nobody)/lock", 404, "VEHICLE_UNKNOWN"),
        Call(.post, "vehicles/\(nobody)/unlock", 404, "VEHICLE_UNKNOWN"),
        Call(
            .post, "vehicles/\(nobody)/engine", body: #"{"running":false}"#, 404, "VEHICLE_UNKNOWN"),
        Call(
            .post, "vehicles/\(nobody)/activation-code", body: #"{"code":"123456"}"#, 404,
            "VEHICLE_UNKNOWN"),
        Call(.delete, "vehicles/\(nobody)/keys/\(noKey)", 404, "VEHICLE_UNKNOWN"),
        Call(.delete, "vehicles/ID/keys/\(noKey)", 404, "KEY_UNKNOWN"),
        Call(.delete, "vehicles/ID/keys/12", 404, "KEY_UNKNOWN"),
        Call(.get, "nothing", 404, "NOT_FOUND"),
        // The wrong method.
        Call(.delete, "vehicles/ID", 405, "METHOD_NOT_ALLOWED"),
        Call(.get, "vehicles/ID/lock", 405, "METHOD_NOT_ALLOWED"),
        Call(.post, "readers", body: "{}", 405, "METHOD_NOT_ALLOWED"),
        // The wrong body.
        Call(.put, "vehicles/ID", body: "{}", 400, "FIELD_MISSING"),
        Call(.put, "vehicles/ID", body: "[]", 400, "MALFORMED"),
        Call(.put, "vehicles/ID", body: "{", 400, "MALFORMED"),
        Call(.put, "vehicles/ID", body: "", 400, "MALFORMED"),
        Call(.put, "vehicles/ID", body: "{}", type: "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        Call(.put, "vehicles/ID", body: #"{"vehicleId":"zz"}"#, 400, "MALFORMED"),
        Call(.put, "vehicles/ID", body: String(repeating: " ", count: 300_000), 413, "TOO_LARGE"),
        Call(.post, "vehicles/ID/engine", body: "{}", 400, "FIELD_MISSING"),
        Call(.post, "vehicles/ID/engine", body: #"{"running":"no"}"#, 400, "MALFORMED"),
        Call(.post, "vehicles/ID/engine", body: #"{"running":null}"#, 400, "MALFORMED"),
        Call(.post, "vehicles/ID/engine", body: #"{"running":true}"#, 422, "REFUSED"),
        Call(.post, "vehicles/ID/activation-code", body: "{}", 400, "FIELD_MISSING"),
        Call(.post, "vehicles/ID/activation-code", body: #"{"code":123456}"#, 400, "MALFORMED"),
        Call(.post, "vehicles/ID/activation-code", body: #"{"code":"12345"}"#, 422, "REFUSED"),
        Call(.post, "vehicles/ID/activation-code", body: #"{"code":"1234567"}"#, 422, "REFUSED"),
        Call(.post, "vehicles/ID/activation-code", body: #"{"code":"12345a"}"#, 422, "REFUSED"),
        Call(.post, "vehicles/ID/activation-code", body: #"{"code":"١٢٣"}"#, 422, "REFUSED"),
        // The wrong number.
        Call(.get, "vehicles/ID/log?limit=0", 400, "RANGE"),
        Call(.get, "vehicles/ID/log?limit=501", 400, "RANGE"),
        Call(.get, "vehicles/ID/log?limit=-1", 400, "RANGE"),
        Call(.get, "vehicles/ID/log?limit=all", 400, "RANGE"),
        Call(.get, "vehicles/ID/log?limit=99999999999999999999", 400, "RANGE"),
    ]

    @Test func `wrong calls are refused by name and change nothing`() async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            let before = try #require(try await bench.store.vehicle(bench.car.vehicleId))
            for call in Self.calls {
                let path = call.path.replacing("ID", with: "\(bench.car.vehicleId)")
                let answer = try await bench.send(
                    call.method, path, call.body, type: call.type)
                #expect(answer.status == call.status, "\(call.testDescription)")
                #expect(answer.word == call.word, "\(call.testDescription)")
            }
            let after = try #require(try await bench.store.vehicle(bench.car.vehicleId))
            #expect(after.revision == before.revision)
            #expect(try await bench.store.unsentReports(limit: 9).isEmpty)
        }
    }
}
