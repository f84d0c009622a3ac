// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTPTypes
import Hummingbird
import Identifiers
import PKI
import PhoneHost
import ServiceKit
import Synchronization
import TestKit
import Testing

/// An automaker's server with the call for passes, over mutual TLS; it answers as it is told.
final class PassServer: Sendable {
    enum Answer: Sendable {
        /// The JWS of a pass, unless the caller has the revision.
        case pass(String, revision: String)
        case status(Int)
    }

    let phones: RealPhones
    /// The key of the phone "alice", paired and registered.
    let key: KeyID
    private let car: TestCar
    private let answer = Mutex(Answer.status(404))
    private let tags = Mutex<[String?]>([])

    /// Runs `body` with a paired phone and its automaker's server.
    static func run(_ body: (PassServer) async throws -> Void) async throws {
        try await TestGateway.run { gateway in
            let phones = try RealPhones(for: gateway.car)
            try await phones.pair("alice", with: gateway)
            let port = FreePort.take()
            let root = try phones.importServer("https://localhost:\(port)", of: gateway.car)
            let server = PassServer(
                phones, try await phones.register("alice", by: gateway.car), gateway.car)
            let listener = try server.listener(at: port, trusting: root)
            let running = Task { try await listener.run() }
            defer { running.cancel() }
            try await eventually("the server") {
                try await phones.sync("alice").waiting.isEmpty
            }
            _ = server.takeTags()
            try await body(server)
        }
    }

    private init(_ phones: RealPhones, _ key: KeyID, _ car: TestCar) {
        self.phones = phones
        self.key = key
        self.car = car
    }

    func answer(_ next: Answer) { answer.withLock { $0 = next } }

    /// Answers with a pass in `state`, signed by [Q] or `signer`.
    func answer(_ state: KeyPass.State, by signer: CertifiedKey? = nil) throws {
        let pass = KeyPass(
            keyId: key, brand: "Brand", model: "Roadster", title: "Brand Roadster",
            entitlement: "Owner", validFrom: TestPKI.start, validTo: nil, state: state,
            revision: state.rawValue,
            artwork: try #require(KeyPass.Artwork(Array("<svg/>".utf8))))
        let jws = try AutomakerJWS.signed(
            JSONBody.encode(pass), type: KeyPass.signedType,
            by: signer ?? car.pki.automaker.signature)
        answer(.pass(jws, revision: pass.revision))
    }

    /// What If-None-Match said in each call since the last time.
    func takeTags() -> [String?] {
        tags.withLock { tags in
            defer { tags = [] }
            return tags
        }
    }

    /// What the wallet shows: the state of its pass; none without one.
    func shown() async throws -> String? {
        let key = key
        return try await phones.use("alice") { phone in
            let entry = try #require(phone.keys.first { $0.id == key })
            return try phone.pass(of: key)?.state(beside: entry, at: TestPKI.now)
        }
    }

    private func listener(at port: Int, trusting root: KeyCertificate) throws -> HTTPListener {
        let tls = try car.pki.automaker.tls.server(
            dnsNames: ["localhost"], notBefore: TestPKI.start,
            notAfter: TestPKI.start.adding(seconds: 3 * 365 * 86_400), random: .system)
        let host = ServiceHost(
            service: "key-registry", shared: SharedSettings(environment: "test"))
        return HTTPListener(
            "partner", at: ListenAddress(host: "127.0.0.1", port: port), host: host,
            security: .mutualTLS(
                try TLSCredentials(
                    certificatePEM: Array(tls.pemCertificate.utf8),
                    keyPEM: Array(tls.pemKey.utf8)),
                clients: ClientRoots([try ClientRoot(name: "acme-phones", der: root.der)]))
        ) { router in
            router.get("\(PartnerAPI.Path.passes)/:key") { [self] request, context in
                let tag = request.headers[.ifNoneMatch]
                tags.withLock { $0.append(tag) }
                switch answer.withLock({ $0 }) {
                case .status(let code): return Response(status: .init(code: code))
                case .pass(_, let revision) where tag == PartnerAPI.entityTag(of: revision):
                    return Response(status: .notModified)
                case .pass(let jws, _):
                    return try context.json(
                        PartnerAPI.PassResponse(
                            responseHeader: .init(statusCode: "200"), pass: jws))
                }
            }
        }
    }
}
