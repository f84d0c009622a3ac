// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import PKI
import Postgres
import ServiceKit
import TestKit
import Testing

@testable import KeyRegistry

/// Passes as device OEMs fetch them: real TLS, real PostgreSQL.
@Suite(.serialized) struct PassTests {
    @Test func `a pass follows its key, and one that has not changed is not sent again`()
        async throws
    {
        try await RegistryBench.run { bench in
            try await bench.prepare()
            let owner = try KeyMaker(bench, .owner, "owner")
            let friend = try KeyMaker(bench, .shared, "friend", owner: owner.key)
            #expect(try await owner.track().status == 200)
            #expect(try await friend.track().status == 200)
            let first = try await Self.pass(of: owner, bench)
            #expect(first.title == "Latchkey Roadworks One" && first.entitlement == "Owner")
            #expect(first.artwork.mediaType == .svg && first.isLegible)
            #expect(first.validTo == nil)
            let path = "\(PartnerAPI.Path.passes)/\(owner.keyId)"
            for tag in ["W/\"\(first.revision)\"", "\"x\", \"\(first.revision)\"", "*"] {
                let again = try await bench.call(
                    path, method: "GET", headers: [("if-none-match", tag)])
                #expect(again.status == 304 && again.body.isEmpty, "\(tag)")
                #expect(again.headers["etag"] == "W/\"\(first.revision)\"")
            }
            let other = try await bench.call(
                path, method: "GET", headers: [("if-none-match", "W/\"\(owner.keyId)\"")])
            #expect(other.status == 200)

            var states = [try await Self.pass(of: friend, bench)]
            #expect(states[0].entitlement == "Unlock and Drive")
            let approved = SharedKeyDecided(
                keyId: friend.keyId, vehicleId: try bench.vehicle, approved: true, reason: nil)
            try await bench.database.transaction {
                try await bench.registrar.desk.apply(approved, in: $0)
            }
            states.append(try await Self.pass(of: friend, bench))
            for action in [KeyAction.suspend, .resume, .terminate] {
                let order = RevocationOrdered(
                    orderId: action.rawValue, action: action, keyId: friend.keyId,
                    vehicleId: try bench.vehicle, requester: .operatorOrder)
                try await bench.database.transaction {
                    try await bench.registrar.desk.apply(order, in: $0)
                }
                states.append(try await Self.pass(of: friend, bench))
            }
            // The car hears of the end first.
            let version = try await bench.registrar.vehicle(bench.vehicle).documentVersion
            try await OrderAndReportTests.report(bench, 1, .documentApplied(version: version))
            states.append(try await Self.pass(of: friend, bench))
            #expect(
                states.map(\.state) == [.pending, .active, .suspended, .active, .active, .ended])
            #expect(Set(states.map(\.revision)).count == 4)
        }
    }

    @Test func `a pass says that a shared key is limited`() async throws {
        try await RegistryBench.run { bench in
            try await bench.prepare()
            let owner = try KeyMaker(bench, .owner, "owner")
            var friend = try KeyMaker(bench, .shared, "friend", owner: owner.key)
            friend.rights.maxSpeedKmh = 90
            friend.rights.weekly = [try WeeklyWindow(days: 0x40, fromMinute: 0, toMinute: 60)]
            #expect(try await owner.track().status == 200)
            #expect(try await friend.track().status == 200)
            let pass = try await Self.pass(of: friend, bench)
            #expect(
                pass.entitlement == "Unlock and Drive, at most 90 km/h, at times of the week")
        }
    }

    @Test func `a pass names neither vehicle, nor account, nor owner`() async throws {
        try await RegistryBench.run { bench in
            try await bench.prepare()
            let owner = try KeyMaker(bench, .owner, "owner")
            let friend = try KeyMaker(bench, .shared, "friend", owner: owner.key)
            #expect(try await owner.track().status == 200)
            #expect(try await friend.track().status == 200)
            let jws = try await Self.signed(friend, bench)
            let parts = jws.split(separator: ".")
            let content = try #require(Base64URL.bytes(parts[1]))
            let members = try JSONSerialization.jsonObject(with: Data(content)) as? [String: Any]
            #expect(
                Set(members.map(\.keys) ?? [:].keys) == [
                    "keyId", "brand", "model", "title", "entitlement", "validFrom", "state",
                    "revision", "artwork",
                ])
            let pass = try JSONDecoder().decode(KeyPass.self, from: Data(content))
            let text =
                String(decoding: content, as: UTF8.self)
                + String(decoding: try #require(pass.artwork.bytes), as: UTF8.self)
            let request = try bench.vehicleRequest()
            for word in [
                request.vin, request.account, RegistryBench.vehicleId, owner.keyId.description,
            ] {
                #expect(!text.contains(word), "\(word)")
            }
        }
    }

    @Test func `only the device OEM of a key gets its pass; to others the key is unknown`()
        async throws
    {
        try await RegistryBench.run { bench in
            try await bench.prepare()
            let owner = try KeyMaker(bench, .owner, "owner")
            #expect(try await owner.track().status == 200)
            let beta = try DeviceOEMPKI.make(
                environment: "test", deviceOemId: "beta-phones", from: TestPKI.start,
                random: TestPKI.random(seed: "beta"))
            let added = try await bench.api(
                "POST", "/operator/v1/partners",
                JSONBody.encode(
                    RegistryAPI.AddPartnerRequest(
                        bundle: DeviceOEMBundle(
                            environment: "test", deviceOemId: "beta-phones",
                            root: beta.root.certificate.pem, server: nil, tlsRoot: nil),
                        externalCA: bench.pki.automaker.externalCA(
                            for: beta.root.certificate, from: TestPKI.start, random: .system
                        ).pem)))
            #expect(added.status == 201)
            let tls = try beta.tls().client(
                named: "beta-phones", notBefore: TestPKI.start,
                notAfter: TestPKI.start.adding(seconds: 3 * 365 * 86_400), random: .system)
            let theirs = try TLSCredentials(
                certificatePEM: Array(tls.pemCertificate.utf8), keyPEM: Array(tls.pemKey.utf8))

            let path = "\(PartnerAPI.Path.passes)/\(owner.keyId)"
            let foreign = try await bench.call(
                path, method: "GET", as: theirs, oem: "beta-phones")
            let unknown = try await bench.call(
                "\(PartnerAPI.Path.passes)/\(String(repeating: "0", count: 40))", method: "GET",
                as: theirs, oem: "beta-phones")
            for answer in [foreign, unknown] {
                let text = String(decoding: answer.body, as: UTF8.self)
                #expect(answer.status == 404 && text.contains("KEY_UNKNOWN"), "\(text)")
                #expect(answer.headers["content-type"] == "application/problem+json")
                #expect(answer.headers["etag"] == nil)
            }
            let pretended = try await bench.call(path, method: "GET", as: theirs)
            #expect(pretended.status == 401)
            let malformed = try await bench.call("\(PartnerAPI.Path.passes)/x", method: "GET")
            #expect(malformed.status == 404)
            #expect(try await bench.call(path, Array("{}".utf8)).status == 405)
        }
    }

    /// The JWS of the pass of `key`.
    private static func signed(_ key: KeyMaker, _ bench: RegistryBench) async throws -> String {
        let answer = try await bench.call(
            "\(PartnerAPI.Path.passes)/\(key.keyId)", method: "GET")
        try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        let body = try JSONDecoder().decode(
            PartnerAPI.PassResponse.self, from: Data(answer.body))
        #expect(body.responseHeader.statusCode == "200")
        return body.pass
    }

    /// The pass of `key`, after its signature was verified.
    private static func pass(of key: KeyMaker, _ bench: RegistryBench) async throws -> KeyPass {
        let jws = try await signed(key, bench)
        let signer = try AutomakerJWS.signer(
            of: jws, type: KeyPass.signedType, under: bench.pki.automaker.root.certificate,
            at: TestPKI.now)
        #expect(signer.der == bench.pki.automaker.signature.certificate.der)
        let content = try AutomakerJWS.content(of: jws, signedBy: signer.publicKey)
        let pass = try JSONDecoder().decode(KeyPass.self, from: Data(content))
        #expect(pass.keyId == key.keyId)
        return pass
    }
}
