// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import VirtualPhone

/// A car fresh from the factory, a phone that trusts its maker, and a pairing password.
struct Scene {
    static let password = "73512846"
    static let salt = [UInt8](repeating: 5, count: 16)
    let car: VehicleRecord
    let phone: PhoneCard
    let cost: SPAKE2Plus.Cost
    static var now: Instant { Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970)) }

    init() throws {
        let (start, random) = (Self.now.adding(seconds: -3600), RandomSource.system)
        let automaker = try AutomakerPKI.make(
            environment: "benchmark", vehicleOemId: "roadworks", from: start, random: random)
        let deviceOEM = try DeviceOEMPKI.make(
            environment: "benchmark", deviceOemId: "acme-phones", from: start, random: random)
        let vehicleId = VehicleID(uncheckedBytes: random.bytes(8, for: "vehicle id"))
        let vehicleKey = PrivateKey.generate(random, for: "vehicle.SK")
        let certificate = try automaker.vehicleCertificate(
            for: vehicleKey.publicKey, vehicleId: vehicleId, from: start, random: random)
        let identity = try VehicleIdentity(
            vehicleId: vehicleId, privateKey: vehicleKey.scalar, certificate: certificate.der,
            intermediate: automaker.intermediate.certificate.der,
            automakerKey: automaker.root.certificate.publicKey,
            receiptKey: automaker.signature.certificate.publicKey,
            immobilizerKey: random.bytes(32, for: "K_immo"))
        cost = try SPAKE2Plus.Cost(n: 4096, r: 8, p: 1)
        let verifier = try SPAKE2Plus.Verifier(
            SPAKE2Plus.scalars(password: Self.password, salt: Self.salt, cost: cost))
        var car = VehicleRecord(
            identity: identity, configuration: VehicleConfiguration(ownerNotBefore: start))
        car.apply(
            pairing: KeyProtocol.PairingMode(
                id: "benchmark", expiresAt: Self.now.adding(seconds: 86_400), w0: verifier.w0,
                L: verifier.L, salt: Self.salt, N: 4096, r: 8, p: 1))
        self.car = car
        phone = try Self.phone(of: deviceOEM, trusting: automaker, from: start)
    }

    private static func phone(
        of maker: DeviceOEMPKI, trusting automaker: AutomakerPKI, from start: Instant
    ) throws -> PhoneCard {
        var phone = PhoneCard(random: .system)
        let key = phone.createInstanceCA(for: "roadworks")
        let instanceCA = try maker.instanceCA(
            for: key, named: "phone", extension: InstanceCAExtension(appletVersion: [0, 2, 0, 0]),
            from: start, random: .system)
        let externalCA = try automaker.externalCA(
            for: maker.root.certificate, from: start, random: .system)
        try phone.add(
            Automaker(
                name: "roadworks", rootKey: automaker.root.certificate.publicKey,
                externalCA: externalCA.der, instanceCA: instanceCA.der,
                signatureKeys: [automaker.signature.certificate.publicKey]))
        return phone
    }

    /// The phone with the password typed in.
    func phoneInPairingMode() throws -> PhoneCard {
        var phone = phone
        try phone.enterPairingMode(password: Self.password, at: Self.now)
        return phone
    }

    /// Car and phone after owner pairing.
    func paired() throws -> (VehicleRecord, PhoneCard) {
        var phone = try phoneInPairingMode()
        let tap = try JoinedTap(car, .dashboard, with: &phone)
        try tap.expect(.pairing)
        return (tap.record, phone)
    }
}

/// One tap with car and phone joined in this process, and how long each of them computed.
struct JoinedTap {
    private(set) var record: VehicleRecord
    private(set) var carTime = Duration.zero
    private(set) var phoneTime = Duration.zero
    private let outcome: Outcome

    init(
        _ record: VehicleRecord, _ purpose: ReaderSession.Purpose, with phone: inout PhoneCard
    ) throws {
        self.record = record
        let (clock, now) = (ContinuousClock(), Scene.now)
        let start = clock.now
        var session = ReaderSession(record: record, purpose: purpose, random: .system)
        var step = session.start(at: now)
        carTime += clock.now - start
        while true {
            if let save = step.save { self.record = save }
            switch step.next {
            case .transmit(let command):
                let start = clock.now
                let answer = phone.respond(to: command, at: now)
                let answered = clock.now
                step = session.received(answer, at: now)
                phoneTime += answered - start
                carTime += clock.now - answered
            case .fieldReset:
                phone.fieldLost()
                step = session.fieldWasReset(at: now)
            case .wait: step = session.waited(at: now)
            case .finish(let outcome):
                self.outcome = outcome
                return
            }
        }
    }

    /// Throws unless this kind of conversation proved the key.
    func expect(_ kind: TransactionKind) throws { try outcome.expect(kind) }
}

extension Outcome {
    /// Throws unless this kind of conversation proved the key and nothing was refused.
    func expect(_ kind: TransactionKind) throws {
        let isRefused =
            switch result {
            case .refused, .aborted: true
            default: false
            }
        guard transaction == kind, !isRefused else {
            throw BenchmarkError("expected \(kind.rawValue), got \(self)")
        }
    }
}
