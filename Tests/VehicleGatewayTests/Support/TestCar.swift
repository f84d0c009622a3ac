// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import ServiceKit
import TestKit
import VirtualPhone

/// A roadster as the factory line and the key registry know it, and phones that trust its maker.
struct TestCar: Sendable {
    static let password = "73512846"
    static let doorName = "Roadster Door"
    static let dashboardName = "Roadster Dash"
    static let trunkName = "Roadster Trunk"

    let pki: TestPKI
    let vehicleId: VehicleID
    let vehicleKey: PrivateKey
    let encryptionKey: PrivateKey
    let environment = "test"
    let make: ReaderMake
    /// The reader at the trunk, when there is one.
    var trunk: String?
    /// Where phones come near; none without passive entry.
    var radio: String?
    private let random: RandomSource

    init(_ name: String = "roadster", seed: String = "latchkey", make: ReaderMake = .forTests)
        throws
    {
        self.make = make
        pki = try TestPKI(seed: seed)
        random = TestPKI.random(seed: name)
        vehicleId = VehicleID(uncheckedBytes: Array(sha256(Array(name.utf8)).prefix(8)))
        vehicleKey = .generate(random, for: "vehicle.SK")
        encryptionKey = .generate(random, for: "encryption.SK")
    }

    func provisioning() throws -> CarAPI.Provisioning {
        let certificate = try pki.automaker.vehicleCertificate(
            for: vehicleKey.publicKey, vehicleId: vehicleId, from: TestPKI.start, random: random)
        return CarAPI.Provisioning(
            vehicleId: vehicleId, displayName: "Roadster", environment: environment,
            vehicleKey: vehicleKey.scalar.hex, encryptionKey: encryptionKey.scalar.hex,
            immobilizerKey: [UInt8](repeating: 9, count: 32).hex, certificate: certificate.pem,
            intermediate: pki.automaker.intermediate.certificate.pem,
            root: pki.automaker.root.certificate.pem,
            signature: pki.automaker.signature.certificate.pem,
            readers: CarAPI.Readers(
                door: "\(Self.doorName) 00", dashboard: "\(Self.dashboardName) 00",
                trunk: trunk),
            passiveEntry: radio)
    }

    // MARK: Documents

    func document(
        _ version: Int, pairing id: String? = nil, keys: [VehicleDocument.Key] = [],
        retired: [SlotID] = [], receipt: VehicleDocument.Policies.Receipt = .none
    ) throws -> VehicleDocument {
        VehicleDocument(
            vehicleId: vehicleId, version: version, issuedAt: WallClock.system.now,
            environment: environment, pairing: try id.map { try pairing($0) }, keys: keys,
            retiredSlots: retired, policies: VehicleDocument.Policies(receipt: receipt))
    }

    /// A JWS made without jwt-kit, so that two implementations meet.
    func signed(
        _ document: VehicleDocument, by signer: CertifiedKey? = nil, algorithm: String = "ES256",
        chain: [KeyCertificate]? = nil
    ) throws -> SignedVehicleDocument {
        let signer = signer ?? pki.automaker.signature
        let chain = chain ?? [signer.certificate, pki.automaker.root.certificate]
        let x5c = chain.map { "\"" + Data($0.der).base64EncodedString() + "\"" }
        let header = "{\"alg\":\"\(algorithm)\",\"x5c\":[\(x5c.joined(separator: ","))]}"
        let payload = try JSONEncoder().encode(document)
        let input = Self.base64URL(Data(header.utf8)) + "." + Self.base64URL(payload)
        let signature = try signer.key.signature(for: Array(input.utf8))
        return SignedVehicleDocument(
            vehicleId: document.vehicleId, version: document.version,
            jws: input + "." + Self.base64URL(Data(signature)))
    }

    static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    private func pairing(_ id: String) throws -> VehicleDocument.Pairing {
        let salt = [UInt8](repeating: 5, count: 16)
        let cost = try SPAKE2Plus.Cost(n: 4096, r: 8, p: 1)
        let verifier = try SPAKE2Plus.Verifier(
            SPAKE2Plus.scalars(password: Self.password, salt: salt, cost: cost))
        let plain = PairingVerifier(
            w0: verifier.w0.hex, L: verifier.L.hex, salt: salt.hex, N: 4096, r: 8, p: 1)
        return VehicleDocument.Pairing(
            id: id, expiresAt: WallClock.system.now.adding(seconds: 1800),
            verifier: try ECIES.seal(
                [UInt8](JSONEncoder().encode(plain)), to: encryptionKey.publicKey, .system))
    }

    // MARK: Phones

    /// A phone that trusts the automaker; it knows no key yet.
    func phone() throws -> TestPhone {
        let phone = TestPhone(PhoneCard(random: .system))
        try introduce(phone)
        return phone
    }

    /// Makes the automaker known to a phone, as `name`.
    func introduce(_ phone: TestPhone, as name: String = "roadworks") throws {
        try phone.use { try introduce(&$0, as: name) }
    }

    private func introduce(_ card: inout PhoneCard, as name: String) throws {
        let key = card.createInstanceCA(for: name)
        let certificate = try pki.deviceOEM.instanceCA(
            for: key, named: "phone", extension: InstanceCAExtension(appletVersion: [0, 2, 0, 0]),
            from: TestPKI.start, random: .system)
        try card.add(
            Automaker(
                name: name, rootKey: pki.automaker.root.certificate.publicKey,
                externalCA: pki.externalCA.der, instanceCA: certificate.der,
                signatureKeys: [pki.automaker.signature.certificate.publicKey],
                readerMake: make))
    }
}

/// A phone that a virtual reader can hold.
final class TestPhone: @unchecked Sendable {
    private let lock = NSLock()
    // Guarded by `lock`.
    private var card: PhoneCard
    private var commands: [[UInt8]] = []
    private var heard: [Heard] = []
    private var interference: (@Sendable ([UInt8]) -> VirtualCard.Reply?)?

    init(_ card: PhoneCard) { self.card = card }

    /// Uses the phone as its user or its wallet would.
    func use<Value>(_ body: (inout PhoneCard) throws -> Value) rethrows -> Value {
        try lock.withLock { try body(&card) }
    }

    func enterPairingMode() throws {
        try use { try $0.enterPairingMode(password: TestCar.password, at: WallClock.system.now) }
    }

    /// Asked before each command; an answer of its own replaces that of the phone.
    func interfere(_ body: (@Sendable ([UInt8]) -> VirtualCard.Reply?)?) {
        lock.withLock { interference = body }
    }

    /// What a reader said of itself.
    struct Heard {
        let announcement: ReaderAnnouncement
        /// Commands that had come since the phone was held to a reader.
        let commands: Int
    }

    /// Announcements since the phone was last held to a reader.
    var announcements: [Heard] { lock.withLock { heard } }

    /// Commands received so far.
    var received: [[UInt8]] { lock.withLock { commands } }

    /// The same phone in the reader on `port`.
    func card(on port: UInt16) -> VirtualCard {
        let before = lock.withLock {
            heard = []
            return commands.count
        }
        return VirtualCard(
            port: port, power: { _ in self.use { $0.fieldLost() } },
            announced: { bytes in
                guard let frame = try? PollingFrame(parsing: bytes) else { return }
                self.lock.withLock {
                    self.heard.append(
                        Heard(
                            announcement: self.card.announced(frame),
                            commands: self.commands.count - before))
                }
            },
            respond: { command in
                self.lock.withLock {
                    self.commands.append(command)
                    if let reply = self.interference?(command) { return reply }
                    return .answer(self.card.respond(to: command, at: WallClock.system.now))
                }
            })
    }
}
