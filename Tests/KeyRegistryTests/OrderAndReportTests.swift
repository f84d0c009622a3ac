// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import PKI
import Postgres
import ServiceKit
import TestKit
import Testing

@testable import KeyRegistry

/// Pairing, manageKey and what cars report.
@Suite(.serialized) struct OrderAndReportTests {
    static func base64URL(_ bytes: [UInt8]) -> String { Base64URL.text(bytes) }

    static func jws(_ header: String, _ body: [UInt8], by key: PrivateKey) throws -> String {
        let input = base64URL(Array(header.utf8)) + "." + base64URL(body)
        return input + "." + base64URL(try key.signature(for: Array(input.utf8)))
    }

    static func token(_ account: String, by key: PrivateKey, lasting: Int64 = 600) throws -> String
    {
        let end = WallClock.system.now.secondsSinceEpoch + lasting
        return try jws(
            #"{"alg":"ES256","typ":"JWT"}"#, Array(#"{"sub":"\#(account)","exp":\#(end)}"#.utf8),
            by: key)
    }

    /// A report as the car, or somebody else, signs it.
    static func signed(
        _ bench: RegistryBench, _ sequence: Int, _ fact: VehicleReport.Fact,
        by signer: PrivateKey? = nil, about vehicle: VehicleID? = nil
    ) throws -> SignedVehicleReport {
        let id = try bench.vehicle
        let body = VehicleReport(
            vehicleId: vehicle ?? id, sequence: sequence, at: TestPKI.now, fact: fact)
        return SignedVehicleReport(
            vehicleId: id,
            jws: try jws(
                #"{"alg":"ES256","kid":"\#(id)"}"#, JSONBody.encode(body),
                by: signer ?? bench.vehicleKey))
    }

    /// Lets the registry hear a report, as its consumer would.
    static func report(
        _ bench: RegistryBench, _ sequence: Int, _ fact: VehicleReport.Fact,
        by signer: PrivateKey? = nil, about vehicle: VehicleID? = nil
    ) async throws {
        let signed = try signed(bench, sequence, fact, by: signer, about: vehicle)
        try await bench.database.transaction {
            try await bench.registrar.desk.apply(signed, in: $0)
        }
    }

    @Test func `a pairing password reaches the account and its verifier the car`() async throws {
        try await RegistryBench.run { bench in
            try await bench.prepare()
            let path = "/app/v1/vehicles/\(RegistryBench.vehicleId)/pairing"
            let stranger = PrivateKey.generate(.system, for: "stranger")
            let refused: [(String?, Int)] = [
                (nil, 401), ("", 401), ("a.b.c", 401),
                (try Self.token("anna", by: stranger), 401),
                (try Self.token("anna", by: bench.appKey, lasting: -60), 401),
                (try Self.token("bert", by: bench.appKey), 403),
            ]
            for (token, status) in refused {
                #expect(try await bench.api("POST", path, token: token).status == status)
            }
            let token = try Self.token("anna", by: bench.appKey)
            var ids: [String] = []
            for _ in 0..<2 {
                let answer = try await bench.api("POST", path, token: token)
                #expect(answer.status == 200)
                let pairing = try JSONDecoder().decode(
                    RegistryAPI.Pairing.self, from: Data(answer.body))
                #expect(pairing.password.wholeMatch(of: /[0-9]{8}/) != nil)
                let newest = try #require(
                    try await bench.said(SignedVehicleDocument.self).last)
                let given = try #require(try RegistryTests.read(newest.jws, bench).pairing)
                ids.append(given.id)
                let verifier = try JSONDecoder().decode(
                    PairingVerifier.self,
                    from: Data(try ECIES.open(given.verifier, with: bench.vehicleEncryption)))
                let scalars = try SPAKE2Plus.scalars(
                    password: pairing.password, salt: [UInt8](hex: verifier.salt),
                    cost: .standard)
                let expected = try SPAKE2Plus.Verifier(scalars)
                #expect(expected.w0.hex == verifier.w0 && expected.L.hex == verifier.L)
                let rows = try await bench.database.query(
                    """
                    SELECT v::text || coalesce((SELECT string_agg(o::text, ' ') FROM outbox o), '')
                        AS everything FROM vehicles v
                    """)
                for row in rows {
                    let text: String = try row.value("everything")
                    #expect(!text.contains(verifier.w0), "w0 only inside the container")
                    #expect(!text.contains("\"\(pairing.password)\""))
                }
            }
            #expect(Set(ids).count == 2, "the earlier password is void")
        }
    }

    @Test func `orders are taken from those who may give them, and once`() async throws {
        try await RegistryBench.run { bench in
            try await bench.prepare()
            let owner = try KeyMaker(bench, .owner, "owner")
            let friend = try KeyMaker(bench, .shared, "friend", owner: owner.key)
            #expect(try await owner.track().status == 200)
            #expect(try await friend.track().status == 200)
            let path = PartnerAPI.Path.manageKey
            var moved = friend
            moved.slot = try SlotID(hex: "0004")
            let refused = [
                (try moved.proof(), 422),
                (try friend.wish(by: friend.key, as: friend.keyId), 403),
                (try friend.wish(by: friend.key, as: owner.keyId), 422),
                (try friend.wish(by: owner.key, as: owner.keyId, .suspend), 400),
                (
                    try JSONBody.encode(
                        PartnerAPI.ManageKeyRequest(
                            keyID: KeyID([UInt8](repeating: 1, count: 20)), action: .suspend)), 404
                ),
                (
                    try JSONBody.encode(
                        PartnerAPI.ManageKeyRequest(keyID: owner.keyId, action: .resume)), 409
                ),
                (try friend.proof(by: owner.key), 422),
            ]
            for (body, status) in refused {
                #expect(try await bench.call(path, body).status == status)
            }
            #expect(try await bench.said(OrderReceived.self).isEmpty)
            for _ in 0..<2 {
                let body = try friend.wish(by: owner.key, as: owner.keyId)
                #expect(try await bench.call(path, body).status == 200)
            }
            let orders = try await bench.said(OrderReceived.self)
            #expect(Set(orders.map(\.orderId)).count == 1 && orders.first?.request != nil)
            let order = try #require(orders.first)
            let ordered = RevocationOrdered(
                orderId: order.orderId, action: .terminate, keyId: friend.keyId,
                vehicleId: try bench.vehicle, requester: .owner)
            for _ in 0..<2 {
                try await bench.database.transaction {
                    try await bench.registrar.desk.apply(ordered, in: $0)
                }
            }
            #expect(try await bench.said(SignedVehicleDocument.self).map(\.version) == [1, 2, 3])
            try await Self.report(bench, 1, .documentApplied(version: 3))
            #expect(try await bench.registrar.key(friend.keyId).state == .terminatedInVehicle)
            let proof = try friend.proof()
            for _ in 0..<2 { #expect(try await bench.call(path, proof).status == 200) }
            #expect(try await bench.registrar.key(friend.keyId).state == .terminated)
            let late = try friend.wish(by: owner.key, as: owner.keyId)
            #expect(try await bench.call(path, late).status == 200, "the same order again")
            let suspend = try JSONBody.encode(
                PartnerAPI.ManageKeyRequest(keyID: friend.keyId, action: .suspend))
            #expect(try await bench.call(path, suspend).status == 410)
        }
    }

    @Test func `lost mode suspends and resumes, and an order too late says so`() async throws {
        try await RegistryBench.run { bench in
            try await bench.prepare()
            let owner = try KeyMaker(bench, .owner, "owner")
            #expect(try await owner.track().status == 200)
            func order(_ id: String, _ action: KeyAction) async throws {
                let ordered = RevocationOrdered(
                    orderId: id, action: action, keyId: owner.keyId, vehicleId: try bench.vehicle,
                    requester: .deviceOEM)
                try await bench.database.transaction {
                    try await bench.registrar.desk.apply(ordered, in: $0)
                }
            }
            try await order("a", .suspend)
            #expect(try await bench.registrar.key(owner.keyId).state == .suspended)
            try await order("b", .suspend)
            try await order("c", .resume)
            #expect(try await bench.registrar.key(owner.keyId).state == .active)
            try await order("d", .terminate)
            try await order("e", .resume)
            let said = try await bench.said(KeyStateChanged.self)
            #expect(said.map(\.orderId) == ["a", "b", "c", "d", "e"])
            #expect(said.map(\.documentVersion) == [3, 3, 4, 5, nil])
        }
    }

    @Test func `only the car's own new reports count`() async throws {
        try await RegistryBench.run { bench in
            try await bench.prepare()
            let owner = try KeyMaker(bench, .owner, "owner")
            var silent = owner
            silent.statementSigner = nil
            #expect(try await silent.track().status == 409)
            let paired = VehicleReport.Fact.pairingCompleted(
                pairingId: "00", keyId: owner.keyId, slotId: owner.slot,
                publicKey: owner.key.publicKey.bytes.hex)
            await #expect(throws: RegistryError.self) {
                try await Self.report(bench, 1, paired, by: owner.key)
            }
            let other = try VehicleID(hex: "0000000000000001")
            await #expect(throws: RegistryError.self) {
                try await Self.report(bench, 1, paired, about: other)
            }
            #expect(try await silent.track().status == 409)
            for _ in 0..<2 { try await Self.report(bench, 1, paired) }
            #expect(try await bench.said(PairingFinished.self).count == 1)
            #expect(try await silent.track().status == 200)
            let friend = try KeyMaker(bench, .shared, "friend", owner: owner.key)
            try await Self.report(
                bench, 2,
                .friendKeySeen(keyId: friend.keyId, slotId: friend.slot, attestation: "00"))
            #expect(try await friend.track().status == 200)
            try await Self.report(bench, 3, .documentApplied(version: 99))
            #expect(try await bench.registrar.vehicle(bench.vehicle).confirmedVersion == 0)
            for _ in 0..<2 {
                try await Self.report(
                    bench, 4, .keyRemoved(keyId: friend.keyId, slotId: friend.slot))
            }
            #expect(try await bench.said(OrderReceived.self).map(\.requester) == [.vehicle])
            #expect(try await bench.registrar.key(friend.keyId).state == .terminatedInVehicle)
        }
    }
}
