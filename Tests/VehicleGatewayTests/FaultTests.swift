// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import PCSC
import TestKit
import Testing

@testable import VehicleGateway

/// Every fault of a reader ends with the next tap working, without a restart of the gateway.
@Suite struct FaultTests {
    @Test func `a phone that fails in a tap opens nothing and the next tap works`() async throws {
        let replies: [VirtualCard.Reply] = [
            .freeze, .leave, .tear([1, 2, 3, 4], after: 2), .raw([0, 1, 7]), .answer([0x6F, 0x00]),
        ]
        try await TestGateway.run { gateway in
            let phone = try gateway.car.phone()
            try await gateway.pair(phone)
            for reply in replies {
                let wasLocked = try await gateway.onScreen.locked
                // AUTH0 is the first command that matters; SELECT still goes through.
                phone.interfere { $0[1] == 0x80 ? reply : nil }
                let broken = try await gateway.tap(phone, at: TestCar.doorName)
                #expect(["aborted", "refused"].contains(broken.outcome), "\(reply) \(broken)")
                #expect(try await gateway.onScreen.locked == wasLocked, "\(reply)")
                phone.interfere(nil)
                let entry = try await gateway.tap(phone, at: TestCar.doorName)
                #expect(entry.outcome == (wasLocked ? "unlocked" : "locked"), "\(reply) \(entry)")
            }
        }
    }

    @Test func `a pairing that breaks at its end is tried again, but not one that was done`()
        async throws
    {
        try await TestGateway.run { gateway in
            let phone = try gateway.car.phone()
            try await gateway.apply(gateway.car.document(1, pairing: "pairing-1"))
            try phone.enterPairingMode()
            // OP CONTROL FLOW 02 00: by then the car has stored the key.
            phone.interfere { $0[1] == 0x3C && $0[2] == 0x02 ? .leave : nil }
            let broken = try await gateway.tap(phone, at: TestCar.dashboardName)
            #expect(broken.outcome == "aborted", "\(broken)")
            phone.interfere(nil)
            try await gateway.apply(gateway.car.document(2, pairing: "pairing-1"))
            #expect(try await gateway.onScreen.pairingMode)
            try phone.enterPairingMode()
            let entry = try await gateway.tap(phone, at: TestCar.dashboardName)
            #expect(entry.outcome == "paired", "\(entry)")
            try await gateway.apply(gateway.car.document(3, pairing: "pairing-1"))
            #expect(try await !gateway.onScreen.pairingMode)
        }
    }

    @Test func `a frozen phone at the door does not hold up the dashboard`() async throws {
        try await TestGateway.run { gateway in
            let (phone, frozen) = (try gateway.car.phone(), try gateway.car.phone())
            try await gateway.pair(phone)
            frozen.interfere { _ in .freeze }
            let port = try #require(gateway.service.port(of: TestCar.doorName))
            let card = frozen.card(on: port)
            try card.insert()
            try await Task.sleep(for: .milliseconds(500))
            let before = try await gateway.store.log(of: gateway.car.vehicleId, limit: 1)[0].id
            let dash = phone.card(
                on: try #require(gateway.service.port(of: TestCar.dashboardName)))
            try dash.insert()
            var seen: [CarAPI.LogEntry] = []
            var last = before
            while !seen.contains(where: { $0.outcome == "drive" }), seen.count < 3 {
                let entry = try await gateway.entry(after: last)
                last = entry.id
                seen.append(entry)
            }
            #expect(seen.contains { $0.outcome == "drive" }, "\(seen)")
            card.remove()
            dash.remove()
        }
    }

    @Test func `a killed PC/SC service is found again`() async throws {
        try await TestGateway.run { gateway in
            let phone = try gateway.car.phone()
            try await gateway.pair(phone)
            gateway.service.kill()
            try await Task.sleep(for: .milliseconds(200))
            try await gateway.service.start()
            let entry = try await gateway.tap(phone, at: TestCar.doorName)
            #expect(entry.outcome == "unlocked", "\(entry)")
        }
    }
}
