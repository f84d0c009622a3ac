// SPDX-License-Identifier: Apache-2.0

import Contracts
import DeviceOEM
import Foundation
import Identifiers
import KeyCrypto
import PKI
import ServiceKit
import TestKit
import Testing

@Suite struct ServerTests {
    private let vehicle = VehicleID(uncheckedBytes: [1, 2, 3, 4, 5, 6, 7, 8])
    private let key = KeyID(uncheckedBytes: [UInt8](repeating: 7, count: 20))

    /// Runs a server with one known key while `work` calls it; real clock, for TLS.
    private func serving(
        _ work: (Partners, PhoneMaker, _ call: Caller) async throws -> Void
    ) async throws {
        let partners = try Partners()
        let maker = try PhoneMaker.open(partners.folder)
        try maker.importAutomaker(partners.json(partners.bundle()))
        try maker.store.add([
            .init(
                keyId: key, phone: "bob", vehicleId: vehicle, vehicleOemId: "roadworks",
                keyType: .shared, addedAt: TestPKI.now)
        ])
        let port = FreePort.take()
        let server = DeviceOEMServer(
            maker: maker, address: ListenAddress(host: "127.0.0.1", port: port))
        let running = Task { try await server.run(handlesSignals: false) }
        let caller = Caller(
            base: "https://127.0.0.1:\(port)", root: maker.pki.root.certificate.pem,
            client: try partners.client())
        do {
            try await caller.waitUntilReady()
            try await work(partners, maker, caller)
        } catch {
            running.cancel()
            throw error
        }
        try await caller.client.close()
        running.cancel()
        _ = await running.result
    }

    struct Caller {
        let base, root: String
        let client: OutboundClient

        func send(
            _ path: String, _ body: some Encodable, id: String, oem: String? = "roadworks",
            by other: OutboundClient? = nil
        ) async throws -> (status: Int, code: String?) {
            var headers = [("content-type", "application/json"), ("x-requestId", id)]
            if let oem { headers.append(("x-vehicle-oemId", oem)) }
            let answer = try await (other ?? client).send(
                "POST", base + path, headers: headers, body: try JSONBody.encode(body),
                roots: Array(root.utf8))
            let members = try? JSONSerialization.jsonObject(with: Data(answer.body))
            return (answer.status, (members as? [String: Any])?["subStatusCode"] as? String)
        }

        func waitUntilReady() async throws {
            for _ in 0..<100 {
                let answer = try? await client.send(
                    "GET", base + PartnerAPI.Path.healthCheck,
                    headers: [("x-vehicle-oemId", "roadworks")], roots: Array(root.utf8))
                if answer?.status == 200 { return }
                try await Task.sleep(for: .milliseconds(50))
            }
            Issue.record("the server did not answer")
        }
    }

    private func order(
        signedBy signer: CertifiedKey, of key: KeyID
    ) throws -> PartnerAPI.ManageKeyRequest {
        let command = try ServerCommand.signed(
            ServerCommandBody(
                action: .terminate, vehicleId: vehicle, keyId: key, time: TestPKI.now,
                serverKeyId: signer.key.publicKey.keyId,
                requestId: [UInt8](repeating: 1, count: 16)),
            by: signer.key)
        return .init(
            keyID: key, action: .terminate,
            serverRemoteTerminationRequest: Data(command.encoded).base64EncodedString())
    }

    @Test func `an order is queued once however often it comes`() async throws {
        try await serving { partners, maker, caller in
            let order = try order(signedBy: partners.automaker.signature, of: key)
            for _ in 0..<3 {
                #expect(
                    try await caller.send(PartnerAPI.Path.manageKey, order, id: "order-1").status
                        == 200)
            }
            #expect(try maker.store.waitingOrders(of: [key]).count == 1)
            var other = order
            other.action = .suspend
            #expect(
                try await caller.send(PartnerAPI.Path.manageKey, other, id: "order-1").status == 400
            )
            let waiting = try #require(try maker.store.waitingOrders(of: [key]).first)
            try maker.store.close(waiting, outcome: "done")
            #expect(try maker.store.waitingOrders(of: [key]).isEmpty)
        }
    }

    @Test func `orders that are not the automaker's are refused`() async throws {
        try await serving { partners, maker, caller in
            let stranger = try TestPKI(seed: "stranger").automaker
            let path = PartnerAPI.Path.manageKey
            let forged = try await caller.send(
                path, order(signedBy: stranger.signature, of: key), id: "a")
            #expect(forged == (422, "SIGNATURE_INVALID"))
            let unsigned = try await caller.send(
                path, PartnerAPI.ManageKeyRequest(keyID: key, action: .terminate), id: "b")
            #expect(unsigned == (400, "FIELD_MISSING"))
            let unknown = KeyID(uncheckedBytes: [UInt8](repeating: 9, count: 20))
            let nobodys = try await caller.send(
                path, order(signedBy: partners.automaker.signature, of: unknown), id: "c")
            #expect(nobodys == (404, "KEY_UNKNOWN"))
            #expect(try maker.store.waitingOrders(of: [key]).isEmpty)
        }
    }

    @Test func `the header must name the automaker of the certificate`() async throws {
        try await serving { partners, _, caller in
            let order = try order(signedBy: partners.automaker.signature, of: key)
            for oem in ["somebody", nil] {
                let answer = try await caller.send(
                    PartnerAPI.Path.manageKey, order, id: "a", oem: oem)
                #expect(answer == (401, "OEM_ID_MISMATCH"))
            }
            let stranger = try partners.client(of: TestPKI(seed: "stranger").automaker)
            await #expect(throws: (any Error).self) {
                try await caller.send(
                    PartnerAPI.Path.manageKey, order, id: "a", by: stranger)
            }
            try await stranger.close()
        }
    }

    @Test func `notifications are kept for the phone`() async throws {
        try await serving { _, maker, caller in
            let event = PartnerAPI.EventNotificationRequest(
                keyID: key, eventType: "SHARED_KEY_TERMINATED",
                eventData: .init(reason: "OWNER", sharedKeyID: key))
            for _ in 0..<2 {
                let path = PartnerAPI.Path.eventNotification
                #expect(try await caller.send(path, event, id: "n-1").status == 200)
            }
            let kept = try maker.store.notifications(of: [key])
            #expect(kept.map(\.eventType) == ["SHARED_KEY_TERMINATED"])
            #expect(kept.first?.eventData.sharedKeyID == key)
            #expect(try maker.bundle().server == caller.base)
        }
    }
}
