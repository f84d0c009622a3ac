// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import HTTPTypes
import Identifiers
import KeyProtocol
import PhoneHost
import TestKit
import Testing
import VirtualPhone

@testable import VehicleGateway

/// What a car says: to the phone of a key, and on its own screen.
@Suite struct MessageTests {
    private static let longest = String(repeating: "w", count: 44)

    private static func body(_ text: String) -> String { #"{"text":"\#(text)"}"# }

    @Test func `a message waits for its key until it is replaced or taken back`() async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            let path = bench.path("/keys/\(try await bench.addKey())/message")
            for text in ["Service due", Self.longest] {
                let answer = try await bench.send(.put, path, Self.body(text))
                #expect(answer.status == 200)
                #expect(try answer.json(CarAPI.Vehicle.self).keys.map(\.message) == [text])
            }
            for _ in 0..<2 {
                let answer = try await bench.send(.delete, path)
                #expect(answer.status == 200)
                #expect(try answer.json(CarAPI.Vehicle.self).keys.map(\.message) == [nil])
            }
            #expect(try await bench.store.unsentReports(limit: 9).isEmpty)
        }
    }

    @Test func `a message that cannot be left is refused by name and changes nothing`()
        async throws
    {
        try await CarBench.run { bench in
            try await bench.provision()
            let path = bench.path("/keys/\(try await bench.addKey())/message")
            _ = try await bench.send(.put, path, Self.body("Service due"))
            let before = try await bench.store.vehicle(bench.car.vehicleId)
            let (nobody, noKey) = (CarRefusalTests.nobody, CarRefusalTests.noKey)
            let calls: [(String, String, Int, String)] = [
                (path, Self.body(""), 422, "REFUSED"), (path, Self.body(" "), 422, "REFUSED"),
                (path, Self.body(Self.longest + "w"), 422, "REFUSED"),
                (path, Self.body(#"two\nlines"#), 422, "REFUSED"),
                (path, Self.body(#"\u001b[2J"#), 422, "REFUSED"),
                (path, #"{"text":7}"#, 400, "MALFORMED"), (path, "{}", 400, "FIELD_MISSING"),
                (bench.path("/keys/\(noKey)/message"), Self.body("a"), 404, "KEY_UNKNOWN"),
                (bench.path("/keys/12/message"), Self.body("a"), 404, "KEY_UNKNOWN"),
                (
                    "vehicles/\(nobody)/keys/\(noKey)/message", Self.body("a"), 404,
                    "VEHICLE_UNKNOWN"
                ),
            ]
            for (path, body, status, word) in calls {
                let answer = try await bench.send(.put, path, body)
                #expect(answer.status == status && answer.word == word, "\(path) \(body)")
            }
            let after = try await bench.store.vehicle(bench.car.vehicleId)
            #expect(after?.record == before?.record && after?.revision == before?.revision)
        }
    }

    @Test func `a phone shows what the car left, the car what the phone said and why it waits`()
        async throws
    {
        try await TestGateway.run { gateway in
            let phones = try RealPhones(for: gateway.car)
            #expect(try await gateway.onScreen.screen == nil)
            try await phones.pair("alice", with: gateway)
            let key = try await phones.use("alice") { phone in
                try #require(phone.keys.first).id
            }
            let vehicle = try await gateway.desk.leave(
                "Service due", for: key, of: gateway.car.vehicleId)
            #expect(vehicle.keys.first?.message == "Service due")

            // Without power the system sees nothing; the next look at the phone does.
            let flat = try await phones.tap(
                "alice", at: TestCar.dashboardName, of: gateway, TapOptions(powerReserve: true))
            #expect(flat.isSuccess && flat.messages.isEmpty, "\(flat.text)")
            #expect(try await gateway.onScreen.keys.first?.message == nil)
            let shown = try await phones.use("alice") { $0.keys.first?.message }
            #expect(shown == "Service due")

            _ = try await gateway.desk.leave("Next", for: key, of: gateway.car.vehicleId)
            let next = try await phones.tap("alice", at: TestCar.dashboardName, of: gateway)
            #expect(next.messages == ["Roadster says: Next"])
            #expect(try await gateway.onScreen.screen == "The car is ready to drive.")

            // Its holder means to end the key.
            _ = try await phones.use("alice") { try $0.end(key, inMinutes: 30) }
            #expect(
                try await phones.tap("alice", at: TestCar.dashboardName, of: gateway).isSuccess)
            let told = try await gateway.onScreen
            #expect(told.keys.first?.endingSince != nil && told.keys.first?.state == "active")
            #expect(told.screen?.hasSuffix("Its phone says that this key will end soon.") == true)
            let entry = try await phones.use("alice") { try #require($0.keys.first) }
            #expect(entry.state(at: .noEnd) == "ending" && entry.endsAt != nil)
            _ = try await phones.use("alice") { try $0.end(key, inMinutes: nil) }

            // Express mode is off: the car says at once what it waits for.
            try await phones.use("alice") { phone in
                var settings = phone.settings
                settings.expressMode = false
                try phone.set(settings)
            }
            let locked = try await phones.tap("alice", at: TestCar.dashboardName, of: gateway)
            #expect(!locked.isSuccess)
            #expect(
                try await gateway.onScreen.screen
                    == ControlFlow.Hint.needsAuthentication.sentence)

            // Its time has come: the phone ends it as soon as it is used.
            _ = try await phones.use("alice") { try $0.end(key, inMinutes: 0) }
            let (ended, news) = try await phones.use("alice") { ($0.keys.first?.phase, $0.news) }
            #expect(ended == .terminated)
            #expect(news == ["the key for Roadster has ended, as you wished"])
            #expect(try await gateway.onScreen.keys.first?.state == "active")
        }
    }
}
