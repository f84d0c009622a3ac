// SPDX-License-Identifier: Apache-2.0

import Contracts
import DeviceOEM
import Foundation
import Identifiers
import KeyCrypto
import Logging
import Messaging
import PKI
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

/// Registry and revocation service as processes on one broker and one database, a device OEM with
/// its server, and the test as car, phones and sharing policy.
struct SagaBench: Sendable {
    let registry: RegistryBench
    let broker: TestBroker
    /// The device OEM of all phones, with the root that the registry knows.
    let maker: PhoneMaker
    private let makerAddress: ListenAddress
    private let revocation: [String: String]
    private let revocationURL: String
    private let car: EventPublisher

    /// Runs `body` on a broker of `kind`.
    static func run(on kind: BrokerKind, _ body: (SagaBench) async throws -> Void) async throws {
        let deadLetters = ["key-registry", "revocation"].map {
            Topic.deadLetters(of: $0, in: "test")
        }
        let topics = Topic.allCases.map { $0.name(in: "test") } + deadLetters
        let broker = try await TestBroker.start(
            kind, topics: Dictionary(uniqueKeysWithValues: topics.map { ($0, 4) }))
        let registry = try await RegistryBench.make(kafka: broker.address)
        let saga = try SagaBench(registry, broker)
        defer { try? FileManager.default.removeItem(at: registry.folder) }
        try await body(saga)
        await saga.car.close()
        try await registry.end()
        await broker.end()
    }

    private init(_ registry: RegistryBench, _ broker: TestBroker) throws {
        self.registry = registry
        self.broker = broker
        maker = try Self.maker(registry.pki, in: registry.folder.appending(path: "device-oem"))
        makerAddress = ListenAddress(host: "127.0.0.1", port: FreePort.take())
        let api = FreePort.take()
        revocationURL = "http://127.0.0.1:\(api)/revocation/v1/orders"
        let tls = try registry.pki.automaker.tls.client(
            named: "roadworks", notBefore: TestPKI.start,
            notAfter: TestPKI.start.adding(seconds: 3 * 365 * 86_400), random: .system)
        let (certificate, key) = (
            registry.folder.appending(path: "client.pem"),
            registry.folder.appending(path: "client.key")
        )
        try Data(tls.pemCertificate.utf8).write(to: certificate)
        try Data(tls.pemKey.utf8).write(to: key)
        let prefix = "LATCHKEY_REVOCATION_"
        revocation = [
            prefix + "DATABASE_URL": registry.scratch.url, prefix + "ENVIRONMENT": "test",
            prefix + "KAFKA": broker.address, prefix + "API_ADDRESS": "127.0.0.1:\(api)",
            prefix + "VEHICLE_OEM_ID": "roadworks", prefix + "CLIENT_CERTIFICATE": certificate.path,
            prefix + "CLIENT_KEY": key.path,
        ]
        let settings = try MessagingSettings(
            service: "vehicle-gateway", environment: "test", brokers: broker.address)
        var logger = Logger(label: "saga")
        logger.logLevel = .critical
        car = EventPublisher(settings, logger: logger)
    }

    /// A device OEM in `folder` that has the root of `pki` and has imported its automaker.
    private static func maker(_ pki: TestPKI, in folder: URL) throws -> PhoneMaker {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var files = pki.deviceOEM.files
        files["identity.json"] = #"{"deviceOemId":"acme-phones","environment":"test"}"#
        for (name, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        let maker = try PhoneMaker.open(folder)
        try maker.importAutomaker(pki.bundle(for: maker.pki.root.certificate, tlsRoot: true))
        return maker
    }

    // MARK: - Processes

    func startRegistry() async throws -> RunningService {
        try await .ready("key-registry", environment: registry.environment)
    }

    func startRevocation() async throws -> RunningService {
        try await .ready("revocation", environment: revocation)
    }

    /// Serves the calls of automakers until it is cancelled.
    func openDeviceOEM() -> Task<Void, any Error> {
        let server = DeviceOEMServer(maker: maker, address: makerAddress)
        return Task { try await server.run(handlesSignals: false) }
    }

    // MARK: - Car and phones

    /// A vehicle with the key of its owner and that of a friend, of whom sharing policy has decided.
    func ownerAndFriend(isApproved: Bool = true) async throws -> (owner: KeyMaker, friend: KeyMaker)
    {
        try await registry.prepare(server: "https://\(makerAddress)")
        let owner = try KeyMaker(registry, .owner, "owner")
        let friend = try KeyMaker(registry, .shared, "friend", owner: owner.key)
        for key in [owner, friend] {
            #expect(try await key.track().status == 200)
            try maker.store.add([
                .init(
                    keyId: key.keyId, phone: "phone", vehicleId: registry.vehicle,
                    vehicleOemId: "roadworks", keyType: key.type, addedAt: TestPKI.now)
            ])
        }
        try await say(
            SharedKeyDecided(
                keyId: friend.keyId, vehicleId: registry.vehicle, approved: isApproved, reason: nil)
        )
        try await eventually("the friend's key", within: .seconds(60)) {
            try await state(of: friend) == (isApproved ? .active : .rejected)
        }
        return (owner, friend)
    }

    /// The car reports, or somebody in its name.
    func report(
        _ sequence: Int, _ fact: VehicleReport.Fact, by signer: PrivateKey? = nil
    ) async throws {
        try await say(OrderAndReportTests.signed(registry, sequence, fact, by: signer))
    }

    private func say(_ event: some Event) async throws {
        try await car.publish(event, id: UUID().uuidString, time: "2026-06-01T00:00:00Z")
    }

    func manageKey(_ body: [UInt8]) async throws -> Int {
        try await registry.call(PartnerAPI.Path.manageKey, body).status
    }

    // MARK: - What became of it

    /// An order as the revocation service shows it to operators.
    struct Standing: Decodable {
        struct Order: Decodable {
            var stage: RevocationStage
            var documentVersion: Int?
        }
        var order: Order
        var attempts: Int
        var lastError: String?
    }

    func standings() async throws -> [Standing] {
        let client = OutboundClient()
        let answer = try await client.send("GET", revocationURL)
        try await client.close()
        return try JSONDecoder().decode([Standing].self, from: Data(answer.body))
    }

    /// Waits until the only order has come to `stage`.
    @discardableResult
    func reach(_ stage: RevocationStage) async throws -> Standing {
        try await eventually("stage \(stage.rawValue)", within: .seconds(60)) {
            try await hurry()
            return try await standings().map(\.order.stage) == [stage]
        }
        return try #require(try await standings().first)
    }

    /// Time passes faster for calls that wait for their next try.
    func hurry() async throws {
        try await registry.database.execute("UPDATE revocation.orders SET next_attempt_at = now()")
    }

    func state(of key: KeyMaker) async throws -> KeyState {
        let answer = try await registry.api("GET", "/operator/v1/keys/\(key.keyId)")
        return try JSONDecoder().decode(RegistryAPI.Key.self, from: Data(answer.body)).state
    }

    func vehicle() async throws -> RegistryAPI.Vehicle {
        let answer = try await registry.api("GET", "/operator/v1/vehicles/\(registry.vehicle)")
        return try JSONDecoder().decode(RegistryAPI.Vehicle.self, from: Data(answer.body))
    }

    /// Every stage the revocation service said, oldest first.
    func stagesSaid() async throws -> [String] {
        try await registry.database.query(
            """
            SELECT payload->>'stage' AS stage FROM revocation.outbox
            WHERE type = \(RevocationAdvanced.type) ORDER BY sequence
            """
        ).map { try $0.value("stage") }
    }
}

extension RunningService {
    /// kill -9; returns when the process is gone.
    func crash() async throws {
        kill()
        _ = try await exitCode()
    }
}
