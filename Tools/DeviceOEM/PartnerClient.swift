// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import Foundation
public import Identifiers
public import KeyCrypto
public import PKI
internal import ServiceKit

/// A key as it is registered with its automaker.
public struct KeyRegistration: Sendable {
    public var keyId: KeyID
    /// `phone`, `watch`: the phone maker's own words.
    public var deviceType: String
    public var isOwner: Bool
    /// Hash of the account, different for every automaker.
    public var accountHash: [UInt8]
    public var vehicleId: VehicleID
    /// DER of [E].
    public var instanceCA: [UInt8]
    /// DER of [H].
    public var keyCertificate: [UInt8]
    /// DER of the device encryption certificate (.7).
    public var encryptionCertificate: [UInt8]
    /// 5F5A of owner pairing.
    public var vehicleStatement: [UInt8]?
    /// DER of the Attestation; shared keys only.
    public var attestation: [UInt8]?

    /// What trackKey says of a key.
    public init(
        keyId: KeyID, deviceType: String, isOwner: Bool, accountHash: [UInt8], vehicleId: VehicleID,
        instanceCA: [UInt8], keyCertificate: [UInt8], encryptionCertificate: [UInt8],
        vehicleStatement: [UInt8]?, attestation: [UInt8]?
    ) {
        self.keyId = keyId
        self.deviceType = deviceType
        self.isOwner = isOwner
        self.accountHash = accountHash
        self.vehicleId = vehicleId
        self.instanceCA = instanceCA
        self.keyCertificate = keyCertificate
        self.encryptionCertificate = encryptionCertificate
        self.vehicleStatement = vehicleStatement
        self.attestation = attestation
    }
}

/// Calls automakers as the device OEM: mutual TLS with a certificate under [D], the headers of
/// SERVER 1.2, ids that make a repeat recognisable.
public struct PartnerClient: Sendable {
    private let maker: PhoneMaker
    private let client: OutboundClient

    /// A client that gives up on a call after `timeout`; close it after use.
    public init(_ maker: PhoneMaker, timeout: Duration = .seconds(10)) throws {
        let tls = try maker.pki.tls().client(
            named: maker.deviceOemId, notBefore: PhoneMaker.start(maker.clock),
            notAfter: maker.clock.now.adding(seconds: 86_400), random: maker.random)
        self.maker = maker
        client = OutboundClient(
            credentials: try TLSCredentials(
                certificatePEM: Array(tls.pemCertificate.utf8), keyPEM: Array(tls.pemKey.utf8)),
            timeout: timeout)
    }

    /// Closes its connections.
    public func close() async { try? await client.close() }

    /// Whether the automaker answers.
    public func healthCheck(_ automaker: ImportedAutomaker) async throws {
        let id = maker.random.bytes(16, for: "x-requestId").hex
        _ = try await call("GET", PartnerAPI.Path.healthCheck, nil, requestId: id, automaker)
    }

    /// The body of trackKey; keep it until the answer came, since a repeat must be the same.
    public func body(
        registering key: KeyRegistration, with automaker: ImportedAutomaker
    ) throws -> [UInt8] {
        let data = PartnerAPI.KeyData(
            vehicleId: key.vehicleId, instanceCA: Self.base64(key.instanceCA),
            keyCertificate: Self.base64(key.keyCertificate),
            vehicleStatement: key.vehicleStatement.map(Self.base64),
            attestation: key.attestation.map(Self.base64))
        let chain = [maker.pki.root.certificate.der, key.instanceCA, key.encryptionCertificate]
        return try JSONBody.encode(
            PartnerAPI.TrackKeyRequest(
                keyID: key.keyId, keyType: key.isOwner ? .owner : .shared,
                deviceType: key.deviceType,
                accountIDHash: key.accountHash.hex, encryptionVersion: ECIES.version,
                encryptionCertChain: chain.map(Self.base64),
                keyData: try seal(JSONBody.encode(data), to: automaker)))
    }

    /// Registers a key; the answer is sealed to the device's encryption key.
    public func track(
        _ body: [UInt8], key: KeyID, with automaker: ImportedAutomaker
    ) async throws -> ECIESEnvelope {
        let answer = try await call(
            "POST", PartnerAPI.Path.trackKey, body,
            requestId: "track-\(key)-\(sha256(body).prefix(4).hex)", automaker)
        do {
            return try JSONDecoder().decode(Sealed.self, from: Data(answer)).uiBundle
        } catch {
            throw DeviceOEMError.answer(call: "trackKey", reason: "uiBundle is missing")
        }
    }

    /// The receipt inside an opened answer to trackKey.
    public static func receipt(from bundle: [UInt8]) throws -> KtsReceipt {
        guard let signature = try? JSONDecoder().decode(Receipt.self, from: Data(bundle)),
            let der = Data(base64Encoded: signature.ktsSignature)
        else { throw DeviceOEMError.answer(call: "trackKey", reason: "ktsSignature is missing") }
        return try KtsReceipt(parsing: Array(der))
    }

    /// What an automaker says when it is asked for a pass.
    public enum PassAnswer: Equatable, Sendable {
        /// A compact JWS, not checked yet.
        case signed(String)
        /// The pass at hand is the newest.
        case unchanged
        /// It makes no passes, or none for this key.
        case none
    }

    /// The pass of a key, unless it is the one with `revision` still.
    public func keyPass(
        of key: KeyID, unless revision: String?, from automaker: ImportedAutomaker
    ) async throws -> PassAnswer {
        let known = revision.map { [("if-none-match", PartnerAPI.entityTag(of: $0))] } ?? []
        let answer = try await send(
            "GET", "\(PartnerAPI.Path.passes)/\(key)", nil,
            requestId: maker.random.bytes(16, for: "x-requestId").hex, known, automaker)
        switch answer.status {
        case 200:
            guard let body = try? JSONDecoder().decode(Pass.self, from: Data(answer.body)) else {
                throw DeviceOEMError.answer(call: "passes", reason: "pass is missing")
            }
            return .signed(body.pass)
        case 304 where revision != nil: return .unchanged
        case 404, 405, 410, 501: return .none
        default: throw Self.refusal(PartnerAPI.Path.passes, answer)
        }
    }

    /// Proves that a key is gone.
    public func prove(_ termination: Termination, to automaker: ImportedAutomaker) async throws {
        let request = PartnerAPI.ManageKeyRequest(
            keyID: termination.keyId, action: .terminate,
            terminationAttestation: Self.base64(termination.encoded))
        try await manage(request, requestId: "terminated-\(termination.keyId)", automaker)
    }

    /// Passes an owner's order about a shared key on.
    public func pass(_ request: ServerRequest, to automaker: ImportedAutomaker) async throws {
        let action: KeyAction =
            switch request.action {
            case .terminate: .terminate
            case .suspend: .suspend
            case .resume: .resume
            }
        let body = PartnerAPI.ManageKeyRequest(
            keyID: request.targetKeyId, action: action,
            deviceRemoteTerminationRequest: try seal(request.encoded, to: automaker))
        try await manage(body, requestId: "owner-\(request.requestId.hex)", automaker)
    }

    /// Lost mode: the account's order to suspend a key, or to resume it; `id` names the order.
    public func order(
        suspended: Bool, key: KeyID, id: String, to automaker: ImportedAutomaker
    ) async throws {
        let action: KeyAction = suspended ? .suspend : .resume
        try await manage(
            PartnerAPI.ManageKeyRequest(keyID: key, action: action),
            requestId: "\(action.rawValue.lowercased())-\(key)-\(id)", automaker)
    }
}

extension PartnerClient {
    /// Foreign answers may lack members we have no use for.
    private struct Sealed: Decodable { let uiBundle: ECIESEnvelope }
    private struct Receipt: Decodable { let ktsSignature: String }
    private struct Pass: Decodable { let pass: String }
    private struct Refusal: Decodable {
        struct Header: Decodable { let subStatusCode: String? }
        let detail: String?
        let responseHeader: Header?
    }

    private func manage(
        _ request: PartnerAPI.ManageKeyRequest, requestId: String,
        _ automaker: ImportedAutomaker
    ) async throws {
        _ = try await call(
            "POST", PartnerAPI.Path.manageKey, try JSONBody.encode(request), requestId: requestId,
            automaker)
    }

    private func seal(_ bytes: [UInt8], to automaker: ImportedAutomaker) throws -> ECIESEnvelope {
        let recipient = try KeyCertificate(pem: automaker.encryption).publicKey
        return try ECIES.seal(bytes, to: recipient, maker.random)
    }

    private func call(
        _ method: String, _ path: String, _ body: [UInt8]?, requestId: String,
        _ automaker: ImportedAutomaker
    ) async throws -> [UInt8] {
        let answer = try await send(method, path, body, requestId: requestId, [], automaker)
        guard answer.status == 200 else { throw Self.refusal(path, answer) }
        return answer.body
    }

    private func send(
        _ method: String, _ path: String, _ body: [UInt8]?, requestId: String,
        _ further: [(String, String)], _ automaker: ImportedAutomaker
    ) async throws -> OutboundClient.Answer {
        guard let server = automaker.server else {
            throw DeviceOEMError.noServer(automaker.vehicleOemId)
        }
        var headers =
            [
                (PartnerAPI.Header.requestId, requestId),
                (PartnerAPI.Header.timestamp, "\(maker.clock.milliseconds)"),
                (PartnerAPI.Header.deviceOemId, maker.deviceOemId),
            ] + further
        if body != nil { headers.append(("content-type", "application/json")) }
        do {
            return try await client.send(
                method, server + path, headers: headers, body: body,
                roots: automaker.transportRoots)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw DeviceOEMError.unreachable(automaker: automaker.vehicleOemId)
        }
    }

    private static func refusal(_ path: String, _ answer: OutboundClient.Answer) -> DeviceOEMError {
        let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(answer.body))
        return .refused(
            call: path.split(separator: "/").last.map(String.init) ?? path, status: answer.status,
            code: refusal?.responseHeader?.subStatusCode ?? "", reason: refusal?.detail ?? "")
    }

    private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
