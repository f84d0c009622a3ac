// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyProtocol
import PCSC
import TestKit
import Testing
import VirtualPhone

@testable import VehicleGateway

/// Polling frames from the gateway through pcscd and the driver of the virtual readers to a phone.
@Suite(.enabled(if: PrivatePCSC.Driver.standard == .latchkey, "scripts/build makes the driver"))
struct AnnouncementTests {
    @Test func `a phone with keys of two automakers picks the right one before SELECT`()
        async throws
    {
        let roadster = try TestCar()
        let coupe = try TestCar("coupe", seed: "coachworks", make: #require(ReaderMake("123")))
        let phone = try roadster.phone()
        try coupe.introduce(phone, as: "coachworks")
        for car in [roadster, coupe] {
            try await TestGateway.run(car) { gateway in
                try await gateway.pair(phone)
            }
        }
        let keys = phone.use { $0.state.keys }
        for (car, automaker) in [(roadster, "roadworks"), (coupe, "coachworks")] {
            let key = try #require(keys.first { $0.automaker == automaker })
            try await TestGateway.run(car) { gateway in
                // The car does not know the key: what the phone picks is its own affair.
                _ = try await gateway.tap(phone, at: TestCar.doorName)
                let heard = try #require(phone.announcements.first)
                #expect(phone.announcements.count == 1)
                #expect(heard.commands == 0)
                #expect(
                    heard.announcement.terminal == TerminalID(car.make, at: .door))
                #expect(heard.announcement.choice == .key(key.id))
            }
        }
    }

    @Test func `a phone with keys of two cars of one make picks the one it is held to`()
        async throws
    {
        let (roadster, coupe) = (try TestCar(), try TestCar("coupe"))
        let phone = try roadster.phone()
        for car in [roadster, coupe] {
            try await TestGateway.run(car) { gateway in try await gateway.pair(phone) }
        }
        let keys = phone.use { $0.state.keys }
        #expect(keys.count == 2)
        for car in [roadster, coupe] {
            let key = try #require(keys.first { $0.vehicleId == car.vehicleId })
            try await TestGateway.run(car) { gateway in
                _ = try await gateway.tap(phone, at: TestCar.doorName)
                let heard = try #require(phone.announcements.first)
                #expect(heard.commands == 0, "before SELECT")
                #expect(heard.announcement.choice == .key(key.id))
            }
        }
    }

    @Test func `a car that waits for its owner offers to set up a key, and only there`()
        async throws
    {
        try await TestGateway.run { gateway in
            let phone = try gateway.car.phone()
            try await gateway.apply(gateway.car.document(1, pairing: "pairing-1"))
            _ = try await gateway.tap(phone, at: TestCar.doorName)
            #expect(phone.announcements.map(\.announcement.choice) == [.nothing])
            try phone.enterPairingMode()
            let entry = try await gateway.tap(phone, at: TestCar.dashboardName)
            #expect(entry.outcome == "paired", "\(entry)")
            #expect(phone.announcements.first?.announcement.choice == .setup)
            _ = try await gateway.tap(phone, at: TestCar.dashboardName)
            let key = try #require(phone.use { $0.state.keys.first })
            #expect(phone.announcements.map(\.announcement.choice) == [.key(key.id)])
            #expect(
                phone.announcements.first?.announcement.terminal
                    == TerminalID(.forTests, at: .dashboard))
        }
    }

    @Test(arguments: ["generic", "acr122u", "acr1252u", "utrust"])
    func `a reader that cannot announce serves the phone in silence`(name: String) async throws {
        let profile = try #require(ReaderProfile.named(name))
        try await TestGateway.run(profile: profile) { gateway in
            let phone = try gateway.car.phone()
            try await gateway.pair(phone)
            let entry = try await gateway.tap(phone, at: TestCar.doorName)
            #expect(entry.outcome == "unlocked", "\(entry)")
            #expect(phone.announcements.isEmpty)
        }
    }
}
