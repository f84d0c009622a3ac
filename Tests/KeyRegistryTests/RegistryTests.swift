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

/// The registry as its callers see it: real TLS, real PostgreSQL.
@Suite(.serialized) struct RegistryTests {
    @Test func `a database that is away is a reason to try again, not a fault`() async throws {
        try await RegistryBench.run { bench in
            try await bench.prepare()
            try await bench.scratch.drop()
            for path in ["/operator/v1/vehicles", "/operator/v1/partners"] {
                let answer = try await bench.api("GET", path)
                #expect(answer.status == 503 && answer.headers["retry-after"] == "1", "\(path)")
                #expect(String(decoding: answer.body, as: UTF8.self).contains("DEPENDENCY"))
            }
        }
    }

    @Test func `a vehicle is added once, and only with its own papers`() async throws {
        try await RegistryBench.run { bench in
            let path = "/operator/v1/vehicles"
            for _ in 0..<2 {
                let answer = try await bench.api(
                    "POST", path, JSONBody.encode(bench.vehicleRequest()))
                #expect(answer.status == 201)
            }
            #expect(try await bench.said(SignedVehicleDocument.self).map(\.version) == [1])
            var conflicting = try bench.vehicleRequest()
            conflicting.encryptionPublicKey = bench.vehicleKey.publicKey.bytes.hex
            #expect(try await bench.api("POST", path, JSONBody.encode(conflicting)).status == 409)
            for vin in ["", "1HGCM82633A00435", "1HGCM82633A00435O", "1hgcm82633a004352"] {
                let body = try JSONBody.encode(bench.vehicleRequest(vin: vin))
                #expect(try await bench.api("POST", path, body).status == 400, "\(vin)")
            }
            var foreign = try bench.vehicleRequest(vin: "1HGCM82633A004353")
            foreign.certificate = try TestPKI(seed: "other").automaker.vehicleCertificate(
                for: bench.vehicleKey.publicKey, vehicleId: bench.vehicle, from: TestPKI.start,
                random: .system
            ).pem
            #expect(try await bench.api("POST", path, JSONBody.encode(foreign)).status == 422)
        }
    }

    @Test func `only partners with their own TLS certificate get in`() async throws {
        try await RegistryBench.run { bench in
            let other = try TestPKI(seed: "other")
            let foreign = try await bench.addPartner(other)
            #expect(foreign.status == 422, "[F] of another automaker")
            try await bench.prepare()
            let health = PartnerAPI.Path.healthCheck
            #expect(try await bench.call(health, method: "GET").status == 200)
            #expect(try await bench.call(health, method: "GET", oem: "beta-phones").status == 401)
            let wrong = try bench.credentials("beta-phones")
            #expect(try await bench.call(health, method: "GET", as: wrong).status == 401)
            #expect(
                try await bench.call(health, method: "GET", as: wrong, oem: "beta-phones").status
                    == 401)
            let stranger = try bench.credentials(of: other)
            await #expect(throws: (any Error).self) {
                try await bench.call(health, method: "GET", as: stranger)
            }
            let instance = try TLSCredentials(
                certificatePEM: Array(bench.pki.instanceCA.certificate.pem.utf8),
                keyPEM: Array(bench.pki.instanceCA.pemKey.utf8))
            let answer = try? await bench.call(health, method: "GET", as: instance)
            #expect(answer == nil || answer?.status == 401, "an instance CA is no client")
            let nobody = OutboundClient()
            await #expect(throws: (any Error).self) {
                try await nobody.send(
                    "GET", bench.partnerURL + health,
                    roots: Array(bench.pki.automaker.tls.certificate.pem.utf8))
            }
            try await nobody.close()
        }
    }

    @Test func `keys are tracked once, with the same answer byte for byte`() async throws {
        try await RegistryBench.run { bench in
            try await bench.prepare()
            let owner = try KeyMaker(bench, .owner, "owner")
            let body = try JSONBody.encode(owner.request())
            let path = PartnerAPI.Path.trackKey
            let first = try await bench.call(path, body, requestId: "request-1")
            #expect(first.status == 200, "\(String(decoding: first.body, as: UTF8.self))")
            #expect(try await bench.call(path, body, requestId: "request-1").body == first.body)
            #expect(try await bench.call(path, body, requestId: "request-2").body == first.body)
            let changed = try JSONBody.encode(owner.request())
            #expect(try await bench.call(path, changed, requestId: "request-1").status == 400)
            let friend = try KeyMaker(bench, .shared, "friend", owner: owner.key)
            #expect(try await friend.track().status == 200)
            let tracked = try await bench.said(KeyTracked.self).map(\.tracked)
            #expect(tracked.map(\.state) == [.active, .tracked])
            #expect(tracked.map(\.ownerKeyId) == [nil, owner.keyId])
            let decision = SharedKeyDecided(
                keyId: friend.keyId, vehicleId: try bench.vehicle, approved: true, reason: nil)
            for _ in 0..<2 {
                try await bench.database.transaction {
                    try await bench.registrar.desk.apply(decision, in: $0)
                }
            }
            let documents = try await bench.said(SignedVehicleDocument.self)
            #expect(documents.map(\.version) == [1, 2, 3])
            let document = try Self.read(try #require(documents.last).jws, bench)
            #expect(Set(document.keys.map(\.keyId)) == [owner.keyId, friend.keyId])
            #expect(document.keys.first { $0.keyId == friend.keyId }?.attestation != nil)
            let answer = try JSONDecoder().decode(
                PartnerAPI.TrackKeyResponse.self, from: Data(first.body))
            let bundle = try JSONDecoder().decode(
                PartnerAPI.UIBundle.self,
                from: Data(try ECIES.open(answer.uiBundle, with: bench.phoneEncryption)))
            let receipt = try KtsReceipt(
                parsing: Array(try #require(Data(base64Encoded: bundle.ktsSignature))))
            #expect(receipt.isSigned(by: bench.pki.automaker.signature.certificate.publicKey))
            #expect(receipt.keyId == owner.keyId && bundle.shareableKeys == 8)
        }
    }

    @Test func `trackKey refuses what it cannot vouch for`() async throws {
        try await RegistryBench.run { bench in
            try await bench.prepare()
            let owner = try KeyMaker(bench, .owner, "owner")
            let stranger = PrivateKey.generate(TestPKI.random(seed: "x"), for: "x")
            func refused(
                _ status: Int, _ code: String, _ what: String, _ maker: KeyMaker
            ) async throws {
                let answer = try await maker.track()
                let text = String(decoding: answer.body, as: UTF8.self)
                #expect(answer.status == status && text.contains(code), "\(what): \(text)")
            }
            func spoilt(_ maker: KeyMaker, _ spoil: (inout KeyMaker) throws -> Void) rethrows
                -> KeyMaker
            {
                var maker = maker
                try spoil(&maker)
                return maker
            }
            try await refused(
                409, "KEY_STATE", "no statement", spoilt(owner) { $0.statementSigner = nil })
            try await refused(
                422, "SIGNATURE_INVALID", "statement of a stranger",
                spoilt(owner) { $0.statementSigner = stranger })
            try await refused(
                422, "CHAIN_INVALID", "wrong vehicle key",
                spoilt(owner) { $0.vehiclePK = stranger.publicKey })
            try await refused(
                422, "CHAIN_INVALID", "other vehicle",
                spoilt(owner) { $0.vehicleId = try VehicleID(hex: "0000000000000001") })
            try await refused(
                422, "CHAIN_INVALID", "[H] of another key",
                spoilt(owner) { $0.certified = stranger.publicKey })
            try await refused(
                422, "CHAIN_INVALID", "another OEM's chain",
                spoilt(owner) { $0.party = try TestPKI(seed: "other") })
            try await refused(
                422, "RECIPIENT_KEY_UNKNOWN", "recipient",
                spoilt(owner) { $0.recipient = stranger.publicKey })
            let friend = try KeyMaker(bench, .shared, "friend", owner: owner.key)
            try await refused(409, "KEY_STATE", "owner not tracked", friend)
            #expect(try await owner.track().status == 200)
            try await refused(
                422, "SIGNATURE_INVALID", "attestation of a stranger",
                spoilt(friend) { $0.attestationSigner = stranger })
            try await refused(
                422, "SIGNATURE_INVALID", "attestation of another key",
                spoilt(friend) { $0.attested = stranger.publicKey })
            try await refused(
                422, "SIGNATURE_INVALID", "attestation of another slot",
                spoilt(friend) { $0.attestedSlot = try SlotID(hex: "0004") })
            try await refused(
                400, "MALFORMED", "no attestation", spoilt(friend) { $0.attestationSigner = nil })
            let path = PartnerAPI.Path.trackKey
            #expect(try await bench.call(path, Array("{".utf8)).status == 400)
            #expect(try await bench.call(path, Array("{}".utf8)).status == 400)
            let large = [UInt8](repeating: 0x20, count: (256 << 10) + 1)
            #expect((try? await bench.call(path, large).status) ?? 413 == 413)
            #expect(try await bench.said(KeyTracked.self).count == 1)
        }
    }

    /// A document, after its JWS was verified with [Q].
    static func read(_ jws: String, _ bench: RegistryBench) throws -> VehicleDocument {
        let parts = jws.split(separator: ".").map(String.init)
        func bytes(_ text: String) throws -> [UInt8] {
            let plain = text.replacing("-", with: "+").replacing("_", with: "/")
            let padded = plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)
            return Array(try #require(Data(base64Encoded: padded)))
        }
        try #require(parts.count == 3)
        let signer = bench.pki.automaker.signature.certificate.publicKey
        #expect(signer.isValid(try bytes(parts[2]), for: Array("\(parts[0]).\(parts[1])".utf8)))
        return try JSONDecoder().decode(VehicleDocument.self, from: Data(try bytes(parts[1])))
    }
}
