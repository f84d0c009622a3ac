// SPDX-License-Identifier: Apache-2.0

import Contracts
import Crypto
import Foundation
import Identifiers
import KeyCrypto
import Messaging
import PKI
import Postgres
import ServiceKit
import TestKit
import Testing

@testable import KeyRegistry

/// The registry on a scratch database, both listeners open, with a partner and a vehicle.
struct RegistryBench: Sendable {
    static let vehicleId = "a1b2c3d4e5f60718"
    static let server = "https://localhost:1"

    let pki: TestPKI
    let scratch: ScratchDatabase
    let folder: URL
    let database: Database
    let identity: AutomakerIdentity
    let environment: [String: String]
    let partnerURL: String
    let apiURL: String
    let appKey: PrivateKey
    let vehicleKey: PrivateKey
    let vehicleEncryption: PrivateKey
    let phoneEncryption: PrivateKey

    var registrar: Registrar {
        Registrar(
            database: database, identity: identity, clock: .fixed(TestPKI.now), random: .system)
    }
    var vehicle: VehicleID { get throws { try VehicleID(hex: Self.vehicleId) } }

    /// Runs `body` against a registry of its own.
    static func run(_ body: (RegistryBench) async throws -> Void) async throws {
        let bench = try await make(kafka: "127.0.0.1:\(FreePort.take())")
        let settings = ReadSettings<RegistrySettings>(
            service: "key-registry", environment: bench.environment)
        let host = ServiceHost(
            service: "key-registry", shared: settings.shared, clock: .fixed(TestPKI.now))
        let service = try await KeyRegistryService(settings: settings.own, host: host)
        let running = service.listeners.map { listener in Task { try await listener.run() } }
        defer { for one in running { one.cancel() } }
        defer { try? FileManager.default.removeItem(at: bench.folder) }
        try await eventually("the api") {
            try await bench.api("GET", "/operator/v1/partners").status == 200
        }
        try await body(bench)
        try await bench.end()
    }

    /// Database, files and settings of a registry that does not run yet.
    static func make(kafka: String) async throws -> RegistryBench {
        let scratch = try await ScratchDatabase.make()
        let pki = try TestPKI()
        let (app, folder) = (
            PrivateKey.generate(.system, for: "app"),
            FileManager.default.temporaryDirectory.appending(path: "registry-\(UUID().uuidString)")
        )
        let ports = (FreePort.take(), FreePort.take())
        let environment = try files(
            pki, app, in: folder, ports: ports, database: scratch.url, kafka: kafka)
        let settings = ReadSettings<RegistrySettings>(
            service: "key-registry", environment: environment)
        #expect(settings.problems.isEmpty)
        return RegistryBench(
            pki: pki, scratch: scratch, folder: folder,
            database: Database(url: scratch.url, schema: "key_registry", poolSize: 4),
            identity: try await AutomakerIdentity(settings.own, environment: "test"),
            environment: environment, partnerURL: "https://localhost:\(ports.0)",
            apiURL: "http://localhost:\(ports.1)", appKey: app,
            vehicleKey: .generate(TestPKI.random(seed: "car"), for: "car"),
            vehicleEncryption: .generate(TestPKI.random(seed: "car"), for: "encryption"),
            phoneEncryption: .generate(TestPKI.random(seed: "phone"), for: "encryption"))
    }

    /// Drops the database.
    func end() async throws {
        await database.close()
        try await scratch.drop()
    }

    private static func files(
        _ pki: TestPKI, _ app: PrivateKey, in folder: URL, ports: (Int, Int), database: String,
        kafka: String
    ) throws -> [String: String] {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let tls = try pki.automaker.tls.server(
            dnsNames: ["localhost"], notBefore: TestPKI.start,
            notAfter: TestPKI.start.adding(seconds: 3 * 365 * 86_400), random: .system)
        let texts = [
            "PARTNER_TLS_CERTIFICATE": tls.pemCertificate, "PARTNER_TLS_KEY": tls.pemKey,
            "ROOT_CERTIFICATE": pki.automaker.root.certificate.pem,
            "INTERMEDIATES": pki.automaker.intermediate.certificate.pem,
            "ENCRYPTION_KEY": pki.automaker.encryption.pemKey,
            "ENCRYPTION_CERTIFICATE": pki.automaker.encryption.certificate.pem,
            "SIGNING_KEY": pki.automaker.signature.pemKey,
            "SIGNING_CERTIFICATE": pki.automaker.signature.certificate.pem,
            "APP_TOKEN_KEY": app.signingKey.publicKey.pemRepresentation,
        ]
        let prefix = "LATCHKEY_KEY_REGISTRY_"
        var environment = [
            prefix + "DATABASE_URL": database, prefix + "ENVIRONMENT": "test",
            prefix + "KAFKA": kafka,
            prefix + "VEHICLE_OEM_ID": "roadworks",
            prefix + "PARTNER_ADDRESS": "127.0.0.1:\(ports.0)",
            prefix + "API_ADDRESS": "127.0.0.1:\(ports.1)",
        ]
        for (name, text) in texts {
            let file = folder.appending(path: name)
            try Data(text.utf8).write(to: file)
            environment[prefix + name] = file.path
        }
        return environment
    }

    // MARK: - Calls

    /// The operator and app API.
    func api(_ method: String, _ path: String, _ body: [UInt8]? = nil, token: String? = nil)
        async throws -> OutboundClient.Answer
    {
        let client = OutboundClient()
        let headers =
            [("content-type", "application/json")]
            + (token.map { [("authorization", "Bearer \($0)")] } ?? [])
        let answer = try await client.send(method, apiURL + path, headers: headers, body: body)
        try await client.close()
        return answer
    }

    /// The partner API with `credentials`, the device OEM's own unless told otherwise.
    func call(
        _ path: String, _ body: [UInt8]? = nil, method: String = "POST",
        as identity: TLSCredentials? = nil, oem: String = "acme-phones",
        requestId: String = UUID().uuidString, headers further: [(String, String)] = []
    ) async throws -> OutboundClient.Answer {
        let client = OutboundClient(credentials: try identity ?? credentials())
        let headers =
            [
                ("content-type", "application/json"), (PartnerAPI.Header.deviceOemId, oem),
                (PartnerAPI.Header.requestId, requestId),
            ] + further
        do {
            let answer = try await client.send(
                method, partnerURL + path, headers: headers, body: body,
                roots: Array(pki.automaker.tls.certificate.pem.utf8))
            try await client.close()
            return answer
        } catch {
            try await client.close()
            throw error
        }
    }

    /// A TLS client certificate of `party`.
    func credentials(_ name: String = "acme-phones", of party: TestPKI? = nil) throws
        -> TLSCredentials
    {
        let identity = try (party ?? pki).deviceOEM.tls().client(
            named: name, notBefore: TestPKI.start,
            notAfter: TestPKI.start.adding(seconds: 3 * 365 * 86_400), random: .system)
        return try TLSCredentials(
            certificatePEM: Array(identity.pemCertificate.utf8),
            keyPEM: Array(identity.pemKey.utf8))
    }

    // MARK: - Material

    func addPartner(_ party: TestPKI? = nil, server: String = server) async throws
        -> OutboundClient.Answer
    {
        let party = party ?? pki
        return try await api(
            "POST", "/operator/v1/partners",
            JSONBody.encode(
                RegistryAPI.AddPartnerRequest(
                    bundle: DeviceOEMBundle(
                        environment: "test", deviceOemId: "acme-phones",
                        root: party.deviceOEM.root.certificate.pem, server: server,
                        tlsRoot: nil), externalCA: party.externalCA.pem)))
    }

    func vehicleRequest(
        vin: String = "1HGCM82633A004352", account: String = "anna", id: VehicleID? = nil
    ) throws -> RegistryAPI.AddVehicleRequest {
        let id = try id ?? vehicle
        return try RegistryAPI.AddVehicleRequest(
            vin: vin, vehicleId: id, displayName: "Roadworks One", account: account,
            certificate: pki.automaker.vehicleCertificate(
                for: vehicleKey.publicKey, vehicleId: id, from: TestPKI.start,
                random: TestPKI.random(seed: "K")
            ).pem, encryptionPublicKey: vehicleEncryption.publicKey.bytes.hex)
    }

    /// Partner and vehicle are there.
    func prepare(server: String = server) async throws {
        #expect(try await addPartner(server: server).status == 201)
        let vehicle = try JSONBody.encode(vehicleRequest())
        #expect(try await api("POST", "/operator/v1/vehicles", vehicle).status == 201)
    }

    /// Bodies of all events of a type, oldest first.
    func said<Body: Event>(_ type: Body.Type) async throws -> [Body] {
        try await database.query(
            "SELECT payload FROM outbox WHERE type = \(Body.type) ORDER BY sequence"
        ).map {
            try JSONDecoder().decode(
                Body.self, from: Data($0.value("payload", as: String.self).utf8))
        }
    }
}
