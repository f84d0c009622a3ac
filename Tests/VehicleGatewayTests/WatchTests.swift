// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import PhoneHost
import TestKit
import Testing
import VirtualPhone

@testable import VehicleGateway

/// A watch that is paired with the owner's phone.
@Suite struct WatchTests {
    @Test func `a watch has a key of its own, which opens, drives, and ends without the phone's`()
        async throws
    {
        try await TestGateway.run { gateway in
            let phones = try RealPhones(for: gateway.car)
            try await phones.pair("alice", with: gateway)
            let key = try await phones.equip("watch", from: "alice")
            let own = try await phones.use("alice") { phone in
                let keys = phone.keys
                #expect(keys.flatMap(\.shared).map(\.friend) == ["watch"])
                #expect(keys.flatMap(\.shared).map(\.key) == [key])
                return try #require(keys.first).id
            }
            // The first digits of a key are enough.
            try await phones.use("alice") { phone in
                let found = try phone.key(String(own.description.prefix(1)))
                #expect(found == own)
                #expect(throws: PhoneHostError.noKey("alice has no key 'zz'")) {
                    try phone.key("zz")
                }
                #expect(throws: PhoneHostError.self) { try phone.key("") }
            }

            let first = try await phones.tap("watch", at: TestCar.doorName, of: gateway)
            #expect(first.isSuccess && first.key == key, "\(first.text)")
            #expect(try await !gateway.onScreen.locked)
            let drive = try await phones.tap("watch", at: TestCar.dashboardName, of: gateway)
            #expect(drive.isSuccess, "\(drive.text)")
            await #expect(throws: PhoneHostError.watchHasKey("watch")) {
                try await phones.equip("watch", from: "alice")
            }

            _ = try await gateway.desk.removeKey(key, of: gateway.car.vehicleId)
            let refused = try await phones.tap("watch", at: TestCar.doorName, of: gateway)
            #expect(!refused.isSuccess, "\(refused.text)")
            let phone = try await phones.tap("alice", at: TestCar.doorName, of: gateway)
            #expect(phone.isSuccess, "\(phone.text)")
        }
    }

    @Test func `a phone is no watch, and a watch that gets no key is not made`() async throws {
        try await TestGateway.run { gateway in
            let phones = try RealPhones(for: gateway.car)
            try await phones.pair("alice", with: gateway)
            try await phones.use("bob") { _ in }
            for name in ["alice", "bob"] {
                await #expect(throws: PhoneHostError.noWatch(name)) {
                    try await phones.equip(name, from: "alice")
                }
            }
            var made: [String] = []
            await #expect(throws: PhoneError.noSlotLeft) {
                for number in 1...64 {
                    _ = try await phones.equip("watch\(number)", from: "alice")
                    made.append("watch\(number)")
                }
            }
            #expect(!made.isEmpty && made.allSatisfy(phones.has))
            #expect(!phones.has("watch\(made.count + 1)"))
        }
    }
}
