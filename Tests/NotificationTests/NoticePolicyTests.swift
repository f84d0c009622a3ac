// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Messaging
import Postgres
import TestKit
import Testing

@testable import Notification

@Suite struct NoticePolicyTests {
    static func key(
        _ byte: UInt8, _ type: KeyType, _ state: KeyState, owner: UInt8? = nil
    ) throws -> TrackedKeyState {
        TrackedKeyState(
            keyId: try KeyID([UInt8](repeating: byte, count: 20)),
            vehicleId: try VehicleID(hex: "a1b2c3d4e5f60718"), keyType: type, state: state,
            deviceOemId: type == .owner ? "owner-oem" : "friend-oem",
            ownerKeyId: try owner.map { try KeyID([UInt8](repeating: $0, count: 20)) },
            slotId: try SlotID(hex: "0203"), profile: 1, notBefore: TestPKI.start, notAfter: nil)
    }

    static let words: [KeyState: (KeyState, String?, String)] = [
        .active: (.suspended, "RESUMED", "SHARED_KEY_RESUMED"),
        .suspended: (.active, "SUSPENDED", "SHARED_KEY_SUSPENDED"),
        .terminationRequested: (.active, nil, "SHARED_KEY_TERMINATING"),
        .terminated: (.terminatedInVehicle, "TERMINATED", "SHARED_KEY_TERMINATED"),
    ]

    @Test(arguments: KeyState.allCases) func `holder and owner hear what concerns them`(
        state: KeyState
    ) throws {
        let owner = try Self.key(1, .owner, .active)
        let shared = try Self.key(2, .shared, state, owner: 1)
        let (from, own, others) = Self.words[state] ?? (.active, nil, "")
        let told = NoticePolicy.changed(shared, from: from, owner: owner)
        let expected = [own, others].compactMap { $0 }.filter { !$0.isEmpty }
        #expect(told.map(\.eventType) == expected)
        #expect(told.last?.deviceOemId == (expected.isEmpty ? nil : "owner-oem"))
        #expect(told.last?.sharedKey == (expected.isEmpty ? nil : shared.keyId))
        let alone = NoticePolicy.changed(shared, from: from, owner: nil)
        #expect(alone.map(\.eventType) == [own].compactMap { $0 })
    }

    @Test func `an owner key tells its own holder only, a new shared key its owner only`() throws {
        let owner = try Self.key(1, .owner, .suspended)
        #expect(
            NoticePolicy.changed(owner, from: .active, owner: nil).map(\.eventType)
                == ["SUSPENDED"])
        #expect(NoticePolicy.tracked(owner, owner: nil).isEmpty)
        let shared = try Self.key(2, .shared, .tracked, owner: 1)
        #expect(
            NoticePolicy.tracked(shared, owner: owner).map(\.eventType) == ["SHARED_KEY_ADDED"])
        var active = shared
        active.state = .active
        #expect(
            NoticePolicy.changed(active, from: .tracked, owner: owner).map(\.eventType)
                == ["SHARED_KEY_ACTIVATED"])
    }

    @Test func `a notice exists once, is taken once, and its delivery is said`() async throws {
        try await withScratchDatabase(
            schema: "notification",
            migrations: [Outbox.migration(1), Inbox.migration(2)] + NotificationMigrations.all
        ) { database in
            let desk = NoticeDesk()
            let owner = try Self.key(1, .owner, .active)
            let shared = try Self.key(2, .shared, .tracked, owner: 1)
            let context = EventContext(
                id: "event-1", source: "latchkey/key-registry", type: KeyTracked.type,
                time: "2026-06-01T00:00:00Z")
            for key in [owner, shared, shared] {
                try await database.transaction {
                    try await desk.tell(KeyTracked(tracked: key), context, in: $0)
                }
            }
            let due = try await database.transaction { try await NoticeStore($0).takeDue(limit: 9) }
            #expect(due.map(\.notice.eventType) == ["SHARED_KEY_ADDED"])
            let again = try await database.transaction {
                try await NoticeStore($0).takeDue(limit: 9)
            }
            #expect(again.isEmpty)
            let notice = try #require(due.first?.notice)
            #expect(notice.recipient == owner.keyId && notice.deviceOemId == "owner-oem")
            for _ in 0..<2 {
                try await database.transaction { try await desk.delivered(notice.id, in: $0) }
            }
            let said = try await database.query("SELECT type FROM outbox")
            #expect(try said.map { try $0.value("type") } == [NotificationDelivered.type])
            let listed = try await database.transaction {
                try await NoticeStore($0).list(for: owner.keyId, after: 0)
            }
            #expect(listed.map(\.notice.id) == [notice.id])
        }
    }
}
