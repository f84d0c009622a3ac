// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import HTTPTypes
import Hummingbird
import KeyCrypto
import Postgres
import ServiceKit

/// The partner API (docs/api.md): calls of device OEMs over mutual TLS.
struct PartnerRoutes: Sendable {
    let registrar: Registrar

    func add(to router: Router<ServiceContext>) {
        router.post("\(PartnerAPI.Path.trackKey)") { request, context in
            try await call(request, context) { body, partner, _ in
                try await registrar.track(
                    JSONBody.decode(PartnerAPI.TrackKeyRequest.self, from: body), from: partner)
            }
        }
        router.post("\(PartnerAPI.Path.manageKey)") { request, context in
            try await call(request, context) { body, partner, requestId in
                try await registrar.manage(
                    JSONBody.decode(PartnerAPI.ManageKeyRequest.self, from: body), from: partner,
                    requestId: requestId)
                return PartnerAPI.Acknowledgement(responseHeader: .init(statusCode: "200"))
            }
        }
        router.get("\(PartnerAPI.Path.healthCheck)") { request, context in
            _ = try await partner(request, context)
            return try context.json(
                PartnerAPI.Acknowledgement(responseHeader: .init(statusCode: "200")),
                headers: answerHeaders(request))
        }
        addPasses(to: router)
        for path in Self.refused {
            router.post("\(path)") { request, context -> Response in
                _ = try await partner(request, context)
                throw Problem(
                    .notImplemented, "NOT_OFFERED",
                    "this automaker does not offer the call; sharing goes through the relay")
            }
        }
    }

    /// Calls of the interface that are refused for now, clearly.
    private static let refused = [
        PartnerAPI.Path.eventNotification, "/keyApi/v1/generateSharingSession",
        "/keyApi/v1/redeemSharingSession", "/keyApi/v1/cancelSharingSession",
        "/keyApi/v1/keySharingExchange",
    ]

    /// Runs one call: who asks, whether it was answered before, the call itself, the answer kept.
    private func call<Answer: Encodable & Sendable>(
        _ request: Request, _ context: ServiceContext,
        _ body: ([UInt8], Partner, String) async throws -> Answer
    ) async throws -> Response {
        try JSONBody.checkType(of: request)
        let partner = try await partner(request, context)
        let requestId = try requestId(request)
        try checkTimestamp(request)
        let bytes = Array(try await request.body.collect(upTo: 1 << 18).readableBytesView)
        let digest = sha256(bytes)
        let earlier = try await registrar.database.transaction {
            try await PartnerStore($0).answer(to: requestId, of: partner.deviceOemId)
        }
        if let earlier {
            guard earlier.digest == digest else {
                throw RegistryError.malformed("x-requestId was used for another call")
            }
            return response(earlier.body, request)
        }
        let answer = try JSONBody.encode(try await body(bytes, partner, requestId))
        try await registrar.database.transaction {
            try await PartnerStore($0).keep(
                answer, digest: digest, to: requestId, of: partner.deviceOemId)
        }
        return response(answer, request)
    }

    /// The device OEM that the TLS certificate and the header both name (F76).
    func partner(_ request: Request, _ context: ServiceContext) async throws -> Partner {
        guard let peer = context.peer, !peer.partners.isEmpty else {
            throw RegistryError.partnerUnknown
        }
        let name = HTTPField.Name(PartnerAPI.Header.deviceOemId)
        guard let id = name.flatMap({ request.headers[$0] }), peer.partners.contains(id),
            peer.commonName == id
        else { throw RegistryError.oemMismatch }
        let partner = try await registrar.database.transaction {
            try await PartnerStore($0).find(id)
        }
        guard let partner else { throw RegistryError.partnerUnknown }
        return partner
    }

    private func requestId(_ request: Request) throws -> String {
        let name = HTTPField.Name(PartnerAPI.Header.requestId)
        guard let id = name.flatMap({ request.headers[$0] }), (8...128).contains(id.utf8.count),
            id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
        else { throw RegistryError.malformed("x-requestId takes 8 to 128 letters, digits, - _ .") }
        return id
    }

    private func checkTimestamp(_ request: Request) throws {
        let name = HTTPField.Name(PartnerAPI.Header.timestamp)
        guard let text = name.flatMap({ request.headers[$0] }) else { return }
        guard let time = Int64(text), abs(time - registrar.clock.milliseconds) <= 300_000 else {
            throw RegistryError.malformed("x-timestamp is more than five minutes off")
        }
    }

    private func response(_ body: [UInt8], _ request: Request) -> Response {
        var headers = answerHeaders(request)
        headers[.contentType] = "application/json"
        return Response(
            status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    func answerHeaders(_ request: Request) -> HTTPFields {
        var headers = HTTPFields()
        let names = PartnerAPI.Header.self
        if let asked = HTTPField.Name(names.requestId), let id = request.headers[asked],
            let answered = HTTPField.Name(names.responseId)
        {
            headers[answered] = id
        }
        if let name = HTTPField.Name(names.vehicleOemId) {
            headers[name] = registrar.identity.vehicleOemId
        }
        if let name = HTTPField.Name(names.timestamp) {
            headers[name] = "\(registrar.clock.milliseconds)"
        }
        return headers
    }
}
