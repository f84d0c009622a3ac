// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import KeyCrypto
internal import PKI
internal import ServiceKit

/// The calls automakers make (SERVER 1.5, 1.6), over mutual TLS.
struct DeviceOEMRoutes: Sendable {
    let maker: PhoneMaker

    func add(to router: Router<ServiceContext>) {
        router.post("\(PartnerAPI.Path.manageKey)") { request, context in
            try await answer(request, context, PartnerAPI.Path.manageKey) { body, call in
                let order = try JSONBody.decode(PartnerAPI.ManageKeyRequest.self, from: body)
                try check(order, from: call.vehicleOemId)
                try maker.store.receive(order, by: call)
            }
        }
        router.post("\(PartnerAPI.Path.eventNotification)") { request, context in
            try await answer(request, context, PartnerAPI.Path.eventNotification) { body, call in
                let event = try JSONBody.decode(
                    PartnerAPI.EventNotificationRequest.self, from: body)
                guard (1...64).contains(event.eventType.utf8.count) else {
                    throw Problem(.badRequest, "MALFORMED", "eventType has 1 to 64 characters")
                }
                try maker.store.receive(event, by: call)
            }
        }
        router.get("\(PartnerAPI.Path.healthCheck)") { request, context in
            _ = try partner(request, context)
            return try acknowledgement(request, context)
        }
    }

    /// Runs one call: who asks, which call it is, the call itself, the same answer every time.
    private func answer(
        _ request: Request, _ context: ServiceContext, _ name: String,
        _ work: ([UInt8], PartnerCall) throws -> Void
    ) async throws -> Response {
        try JSONBody.checkType(of: request)
        let vehicleOemId = try partner(request, context)
        let requestId = try requestId(request)
        try checkTimestamp(request)
        let body = Array(try await request.body.collect(upTo: 1 << 18).readableBytesView)
        let call = PartnerCall(
            vehicleOemId: vehicleOemId, requestId: requestId,
            digest: sha256(Array(name.utf8) + body), at: maker.clock.now)
        try work(body, call)
        return try acknowledgement(request, context)
    }

    /// An order must be signed: by the automaker's [Q], or by an owner, which the phone checks.
    private func check(
        _ order: PartnerAPI.ManageKeyRequest, from vehicleOemId: String
    ) throws {
        guard order.serverRemoteTerminationRequest != nil || order.ownerRequest != nil else {
            throw Problem(
                .badRequest, "FIELD_MISSING",
                "an order to a phone holds serverRemoteTerminationRequest or ownerRequest")
        }
        if let text = order.ownerRequest {
            guard let request = Self.der(text).flatMap({ try? ServerRequest(parsing: $0) }),
                request.targetKeyId == order.keyID
            else {
                throw Problem(.badRequest, "MALFORMED", "ownerRequest is not about the key")
            }
        }
        guard let text = order.serverRemoteTerminationRequest else { return }
        guard let command = Self.der(text).flatMap({ try? ServerCommand(parsing: $0) }),
            command.keyId == order.keyID
        else {
            throw Problem(
                .badRequest, "MALFORMED",
                "serverRemoteTerminationRequest is no command about the key")
        }
        let signature = try KeyCertificate(pem: maker.automaker(vehicleOemId).signature)
        guard command.isSigned(by: signature.publicKey) else {
            throw Problem(
                .unprocessableContent, "SIGNATURE_INVALID",
                "the command is not signed by the automaker's signature certificate")
        }
    }

    private static func der(_ text: String) -> [UInt8]? {
        Data(base64Encoded: text).map { Array($0) }
    }
}

// MARK: - Headers

extension DeviceOEMRoutes {
    /// The automaker that the TLS certificate and the header both name (F76).
    private func partner(_ request: Request, _ context: ServiceContext) throws -> String {
        guard let peer = context.peer else {
            throw Problem(.unauthorized, "CLIENT_CERT_UNKNOWN", "no client certificate")
        }
        guard let id = header(PartnerAPI.Header.vehicleOemId, of: request),
            peer.partners.contains(id)
        else {
            throw Problem(
                .unauthorized, "OEM_ID_MISMATCH",
                "x-vehicle-oemId does not name the automaker of the client certificate")
        }
        return id
    }

    private func requestId(_ request: Request) throws -> String {
        guard let id = header(PartnerAPI.Header.requestId, of: request),
            (1...128).contains(id.utf8.count), id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw Problem(
                .badRequest, "FIELD_MISSING", "x-requestId takes 1 to 128 visible characters")
        }
        return id
    }

    private func checkTimestamp(_ request: Request) throws {
        guard let text = header(PartnerAPI.Header.timestamp, of: request) else { return }
        guard let time = Int64(text),
            (time - 300_000...time + 300_000 as ClosedRange)
                .contains(maker.clock.milliseconds)
        else {
            throw Problem(
                .badRequest, "MALFORMED", "x-timestamp is more than five minutes off")
        }
    }

    private func acknowledgement(
        _ request: Request, _ context: ServiceContext
    ) throws -> Response {
        var headers = HTTPFields()
        func set(_ name: String, _ value: String?) {
            if let name = HTTPField.Name(name), let value { headers[name] = value }
        }
        set(PartnerAPI.Header.responseId, header(PartnerAPI.Header.requestId, of: request))
        set(PartnerAPI.Header.deviceOemId, maker.deviceOemId)
        set(PartnerAPI.Header.timestamp, "\(maker.clock.milliseconds)")
        return try context.json(
            PartnerAPI.Acknowledgement(responseHeader: .init(statusCode: "200")), headers: headers)
    }

    private func header(_ name: String, of request: Request) -> String? {
        HTTPField.Name(name).flatMap { request.headers[$0] }
    }
}
