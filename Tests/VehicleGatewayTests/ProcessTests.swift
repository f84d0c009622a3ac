// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Kafka
import KeyCrypto
import PKI
import ServiceTestKit
import TestKit
import Testing

/// The executable, killed and without its broker.
@Suite struct ProcessTests {
    @Test func `kill -9 between taps loses no key, no state and no report`() async throws {
        try await withProcess { gateway in
            var running = try await gateway.start()
            try await gateway.provision()
            let broker = try gateway.startBroker()
            try await gateway.publish([
                try gateway.car.signed(gateway.car.document(1, pairing: "pairing-1"))
            ])
            try await eventually("pairing mode") { try await gateway.vehicle().pairingMode }
            broker.end()
            let phone = try gateway.car.phone()
            try phone.enterPairingMode()
            let paired = try await gateway.tap(phone, at: TestCar.dashboardName)
            #expect(paired.outcome == "paired", "\(paired)")
            running.kill()
            running = try await gateway.start()
            // No broker anywhere, right after the start: the door opens.
            let unlocked = try await gateway.tap(phone, at: TestCar.doorName)
            #expect(unlocked.outcome == "unlocked", "\(unlocked)")
            running.kill()
            running = try await gateway.start()
            #expect(try await !gateway.vehicle().locked)
            #expect(try await gateway.tap(phone, at: TestCar.dashboardName).outcome == "drive")
            let broker2 = try gateway.startBroker()
            let reports = try await gateway.reports(2)
            #expect(Set(reports.map(\.sequence)) == [1, 2])
            #expect(reports.contains { $0.fact == .documentApplied(version: 1) })
            running.kill()
            broker2.end()
        }
    }

    @Test func `kill -9 in the middle of a pairing leaves a car that pairs again`() async throws {
        try await withProcess { gateway in
            var running = try await gateway.start()
            try await gateway.provision()
            let broker = try gateway.startBroker()
            try await gateway.publish([
                try gateway.car.signed(gateway.car.document(1, pairing: "pairing-1"))
            ])
            try await eventually("pairing mode") { try await gateway.vehicle().pairingMode }
            let phone = try gateway.car.phone()
            try phone.enterPairingMode()
            let victim = running
            // GET DATA: certificates are on their way, nothing is stored yet.
            phone.interfere { command in
                if command[1] == 0xCA { victim.kill() }
                return nil
            }
            let card = phone.card(on: try #require(gateway.service.port(of: TestCar.dashboardName)))
            try card.insert()
            _ = try await running.exitCode()
            card.remove()
            phone.interfere(nil)
            running = try await gateway.start()
            try await gateway.untilEmpty(TestCar.dashboardName)
            let paired = try await gateway.tap(phone, at: TestCar.dashboardName)
            #expect(paired.outcome == "paired", "\(paired)")
            running.kill()
            broker.end()
        }
    }

    @Test func `bad documents go aside, each once, and the next one is applied`() async throws {
        try await withProcess { gateway in
            let running = try await gateway.start()
            try await gateway.provision()
            let broker = try gateway.startBroker()
            let elsewhere = try TestPKI(seed: "elsewhere").automaker.signature
            var foreign = try gateway.car.document(2)
            foreign.environment = "production"
            try await gateway.publish([
                try gateway.car.signed(gateway.car.document(1), by: elsewhere),
                try gateway.car.signed(foreign), try gateway.car.signed(gateway.car.document(3)),
                try gateway.car.signed(gateway.car.document(2)),
            ])
            try await eventually("the good document") {
                try await gateway.vehicle().documentVersion == 3
            }
            let topic = Topic.deadLetters(of: "vehicle-gateway", in: gateway.car.environment)
            let letters = try await gateway.records(2, of: topic)
            let reasons = letters.compactMap { letter in
                letter.headers.first { $0.name == "dl_error_text" }?.value
            }
            #expect(reasons.count == 2)
            #expect(letters.count == 2)
            #expect(try await gateway.reports(1).map(\.sequence) == [1])
            try await gateway.untilNothingWaits()
            // A broker that came back empty: reports are sent again, documents read again.
            let replaced = await running.probe("/broker/replaced", method: "POST")
            #expect((200...299).contains(replaced?.status ?? 0), "\(String(describing: replaced))")
            let reports = try await gateway.reports(2)
            #expect(reports.map(\.sequence) == [1, 1])
            running.kill()
            broker.end()
        }
    }

    private func withProcess(_ body: (GatewayProcess) async throws -> Void) async throws {
        let names = [TestCar.doorName, TestCar.dashboardName]
        try await PrivatePCSC.withReaders(names) { service in
            try await body(GatewayProcess(TestCar(), service))
        }
    }
}

extension GatewayProcess {
    /// Reports as the registry reads them, signatures checked with the key of the vehicle.
    func reports(_ count: Int) async throws -> [VehicleReport] {
        let topic = Topic.vehicleReports.name(in: car.environment)
        return try await records(count, of: topic).map { message in
            let value = Data(try #require(message.value))
            let signed = try JSONDecoder().decode(SignedVehicleReport.self, from: value)
            let parts = signed.jws.split(separator: ".").map(String.init)
            try #require(parts.count == 3)
            let input = Array("\(parts[0]).\(parts[1])".utf8)
            #expect(car.vehicleKey.publicKey.isValid(Self.bytes(parts[2]), for: input))
            let header = String(decoding: Self.bytes(parts[0]), as: UTF8.self)
            #expect(header.contains("\"kid\":\"\(car.vehicleId)\""), "\(header)")
            return try JSONDecoder().decode(VehicleReport.self, from: Data(Self.bytes(parts[1])))
        }
    }

    private static func bytes(_ base64URL: String) -> [UInt8] {
        var text = base64URL.replacing("-", with: "+").replacing("_", with: "/")
        while text.utf8.count % 4 != 0 { text += "=" }
        return [UInt8](Data(base64Encoded: text) ?? Data())
    }
}
