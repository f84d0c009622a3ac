// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Messaging
import Postgres
import TestKit
import Testing

@testable import SharingOrchestrator

@Suite struct SharingPolicyTests {
    static func key(
        _ number: Int = 1, type: KeyType = .shared, state: KeyState = .tracked, profile: Int = 1,
        lasting seconds: Int64? = nil
    ) throws -> TrackedKeyState {
        TrackedKeyState(
            keyId: try KeyID([UInt8](repeating: UInt8(number), count: 20)),
            vehicleId: try VehicleID(hex: "a1b2c3d4e5f60718"), keyType: type, state: state,
            deviceOemId: "acme-phones", ownerKeyId: nil, slotId: try SlotID(hex: "0203"),
            profile: profile, notBefore: TestPKI.start,
            notAfter: seconds.map { TestPKI.start.adding(seconds: $0) })
    }

    @Test(
        arguments: [
            (1, 0, nil, true), (1, 2, nil, true), (1, 3, nil, false), (1, 4, nil, false),
            (6, 0, nil, true), (0, 0, nil, false), (7, 0, nil, false), (1, 0, 1, true),
            (1, 0, 0, false), (1, 0, -1, false),
        ] as [(Int, Int, Int64?, Bool)])
    func `level, limit and validity decide`(
        profile: Int, usable: Int, seconds: Int64?, isApproved: Bool
    ) throws {
        let decision = SharingPolicy(limit: 3).decide(
            try Self.key(profile: profile, lasting: seconds), usable: usable)
        #expect((decision == .approved) == isApproved)
    }

    @Test func `the last place is given away once, and a key that ends makes room`() async throws {
        try await withScratchDatabase(
            schema: "sharing_orchestrator",
            migrations: [Outbox.migration(1), Inbox.migration(2)] + SharingMigrations.all
        ) { database in
            let desk = SharingDesk(policy: SharingPolicy(limit: 2))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...6 {
                    let key = try Self.key(number)
                    group.addTask {
                        try await database.transaction { try await desk.decide(key, in: $0) }
                    }
                }
                try await group.waitForAll()
            }
            let vehicle = try Self.key().vehicleId
            let decisions = try await database.transaction {
                try await SharedKeyStore($0).ofVehicle(vehicle)
            }
            let approved = decisions.filter(\.approved)
            #expect(decisions.count == 6 && approved.count == 2)
            var ending = try Self.key(state: .terminationRequested)
            ending.keyId = try #require(approved.first).keyId
            let (gone, next, owner) = (
                ending, try Self.key(7), try Self.key(8, type: .owner, state: .active)
            )
            try await database.transaction { transaction in
                try await desk.follow(gone, in: transaction)
                try await desk.decide(next, in: transaction)
                try await desk.decide(next, in: transaction)
                try await desk.decide(owner, in: transaction)
            }
            let said = try await database.query("SELECT type FROM outbox")
            #expect(said.count == 7)
            let usable = try await database.transaction {
                try await SharedKeyStore($0).usable(of: vehicle)
            }
            #expect(usable == 2)
        }
    }
}
