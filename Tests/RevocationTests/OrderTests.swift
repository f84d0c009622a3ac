// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Messaging
import Postgres
import TestKit
import Testing

@testable import Revocation

/// The saga of an order against facts in any order.
@Suite struct OrderTests {
    static func received(
        _ requester: Requester = .owner, _ action: KeyAction = .terminate, id: String = "order-1",
        key: String = "ab"
    ) throws -> OrderReceived {
        OrderReceived(
            orderId: id, action: action, keyId: try KeyID(hex: String(repeating: key, count: 20)),
            vehicleId: try VehicleID(hex: "a1b2c3d4e5f60718"), requester: requester,
            deviceOemId: "acme-phones", request: nil, receivedAt: TestPKI.now)
    }

    static func fact(_ name: Character, _ order: Order) -> Order {
        switch name {
        case "d": order.documented(5, command: "00")
        case "c": order.confirmed(5)
        case "e": order.confirmed(4)  // an earlier document
        case "t": order.told()
        case "p": order.proved()
        case "r": order.refused()
        default: order.ended()
        }
    }

    @Test(arguments: [
        ("", RevocationStage.requested), ("d", .inDocument), ("de", .inDocument),
        ("dc", .vehicleConfirmed), ("dct", .deviceTold), ("dctp", .done), ("dcp", .done),
        ("dpc", .done), ("pdc", .done), ("pd", .inDocument), ("c", .requested),
        ("cd", .inDocument), ("t", .requested), ("dt", .inDocument), ("ddcctt", .deviceTold),
        ("dctpp", .done), ("dctpdct", .done), ("x", .done), ("dx", .done), ("r", .failed),
        ("dr", .inDocument), ("rdctp", .failed), ("rx", .failed),
    ])
    func `facts in any order and repeated end an order once`(
        facts: String, stage: RevocationStage
    ) throws {
        let order = try facts.reduce(Order(Self.received())) { Self.fact($1, $0) }
        #expect(order.stage == stage)
    }

    @Test(arguments: Requester.allCases, KeyAction.allCases)
    func `who ordered decides whether the device must be told`(
        requester: Requester, action: KeyAction
    ) throws {
        let order = try "dc".reduce(Order(Self.received(requester, action))) { Self.fact($1, $0) }
        let knows = requester == .holder || requester == .deviceOEM && action != .terminate
        #expect(order.stage == (knows ? .done : .vehicleConfirmed))
        let told = order.told()
        #expect(told.stage == (knows || action != .terminate ? .done : .deviceTold))
    }

    static func changed(
        _ order: OrderReceived, to state: KeyState, from: KeyState, document: Int? = nil,
        proof: String? = nil
    ) throws -> KeyStateChanged {
        KeyStateChanged(
            tracked: TrackedKeyState(
                keyId: order.keyId, vehicleId: order.vehicleId, keyType: .shared, state: state,
                deviceOemId: "acme-phones", ownerKeyId: nil, slotId: try SlotID(hex: "0203"),
                profile: 1, notBefore: TestPKI.start, notAfter: nil),
            from: from, documentVersion: document, orderId: order.orderId, proof: proof,
            command: "00")
    }

    @Test func `each stage is said once, and another order's document moves nothing`()
        async throws
    {
        try await withScratchDatabase(
            schema: "revocation",
            migrations: [Outbox.migration(1), Inbox.migration(2)] + RevocationMigrations.all
        ) { database in
            let desk = RevocationDesk()
            let (order, other) = (
                try Self.received(), try Self.received(id: "order-2", key: "cd")
            )
            let facts: [@Sendable (Transaction) async throws -> Void] = [
                { try await desk.accept(order, in: $0) },
                { try await desk.accept(other, in: $0) },
                {
                    try await desk.follow(
                        Self.changed(
                            order, to: .terminationRequested, from: .active, document: 3), in: $0)
                },
                {
                    try await desk.follow(
                        DocumentConfirmed(vehicleId: order.vehicleId, version: 3), in: $0)
                },
                { try await desk.told(order.orderId, in: $0) },
                {
                    try await desk.follow(
                        Self.changed(
                            order, to: .terminated, from: .terminatedInVehicle, proof: "00"),
                        in: $0)
                },
            ]
            for fact in facts {
                for _ in 0..<2 { try await database.transaction { try await fact($0) } }
            }
            let said = try await database.query(
                "SELECT payload FROM outbox WHERE type = \(RevocationAdvanced.type) ORDER BY sequence"
            ).map {
                try JSONDecoder().decode(
                    RevocationAdvanced.self, from: Data($0.value("payload", as: String.self).utf8))
            }
            #expect(
                said.filter { $0.orderId == order.orderId }.map(\.stage) == [
                    .requested, .inDocument, .vehicleConfirmed, .deviceTold, .done,
                ])
            #expect(said.filter { $0.orderId == other.orderId }.map(\.stage) == [.requested])
            let ordered = try await database.query(
                "SELECT 1 FROM outbox WHERE type = \(RevocationOrdered.type)")
            #expect(ordered.count == 2)
        }
    }

    @Test func `two callers never take the same order, and a failed call waits`() async throws {
        try await withScratchDatabase(
            schema: "revocation",
            migrations: [Outbox.migration(1), Inbox.migration(2)] + RevocationMigrations.all
        ) { database in
            var order = Order(try Self.received()).documented(1, command: "00").confirmed(1)
            order.documentVersion = 1
            let due = order
            try await database.transaction { _ = try await OrderStore($0).insert(due) }
            let first = try await database.transaction {
                try await OrderStore($0).takeDue(limit: 9)
            }
            #expect(first.map(\.attempts) == [1])
            let second = try await database.transaction {
                try await OrderStore($0).takeDue(limit: 9)
            }
            #expect(second.isEmpty)
            try await database.transaction {
                try await OrderStore($0).postpone(
                    due.orderId, attempts: 1, reason: String(repeating: "x", count: 9_999))
            }
            let views = try await database.transaction { try await OrderStore($0).newest() }
            #expect(views.map { $0.lastError?.count } == [500])
        }
    }
}
