// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI

@testable import VirtualPhone

/// One automaker, one phone maker, one roadster, and phones that trust them.
struct TestWorld {
    static let noon = Instant(secondsSinceEpoch: 1_780_315_200)
    private static let begin = Instant(secondsSinceEpoch: 1_735_689_600)

    let random = ScriptedRandom(seed: "world").source
    let automakerRoot: PrivateKey
    let deviceRoot: PrivateKey
    /// Signs receipts and commands, [Q].
    let server: PrivateKey
    let vehicleId = VehicleID(uncheckedBytes: [0x52, 0x4F, 0x41, 0x44, 0x53, 0x54, 0x45, 0x52])
    let vehicle: PrivateKey
    let vehicleCertificate: [UInt8]
    private let externalCA: [UInt8]

    private var automaker: CertificateIssuer {
        CertificateIssuer(name: "Test Automaker", key: automakerRoot)
    }

    init() throws {
        automakerRoot = .generate(random, for: "J.SK")
        deviceRoot = .generate(random, for: "D.SK")
        server = .generate(random, for: "Q.SK")
        vehicle = .generate(random, for: "vehicle.SK")
        let issuer = CertificateIssuer(name: "Test Automaker", key: automakerRoot)
        vehicleCertificate = try issuer.vehicle(
            for: vehicle.publicKey, vehicleId: vehicleId, notBefore: Self.begin, random: random
        ).der
        externalCA = try issuer.certificate(
            CertificateRequest(
                .externalCA, for: deviceRoot.publicKey, named: "Test Phone Maker",
                notBefore: Self.begin, notAfter: .noEnd), random: random
        ).der
    }

    /// A phone that trusts the automaker and has an instance CA there; `name` seeds its randomness.
    func phone(_ name: String) throws -> PhoneCard {
        var phone = PhoneCard(random: ScriptedRandom(seed: name).source)
        try introduce(&phone)
        return phone
    }

    /// Certifies the phone's instance CA and lets the phone know the automaker.
    func introduce(_ phone: inout PhoneCard) throws {
        let key = phone.createInstanceCA(for: "roadsters")
        let certificate = try CertificateIssuer(name: "Test Phone Maker", key: deviceRoot)
            .certificate(
                CertificateRequest(
                    .instanceCA, for: key, named: "Instance CA", notBefore: Self.begin,
                    notAfter: .noEnd,
                    extensionValue: InstanceCAExtension(appletVersion: [1, 0, 0, 0]).encoded),
                random: random)
        try phone.add(
            Automaker(
                name: "roadsters", rootKey: automakerRoot.publicKey,
                rootName: "Test Automaker", externalCA: externalCA,
                instanceCA: certificate.der, signatureKeys: [server.publicKey]))
    }

    /// A phone with an active owner key of the roadster, all eight slots valid.
    func owner(
        _ name: String = "alice", expressed key: PrivateKey? = nil,
        configuration: DeviceConfiguration = DeviceConfiguration(displayName: "Roadster"),
        _ change: (inout KeyFixture) -> Void = { _ in }
    ) throws -> (PhoneCard, KeyID) {
        var fixture = KeyFixture(
            vehicleId: vehicleId, vehicleKey: vehicle.publicKey,
            deviceKey: key ?? .generate(random, for: "owner.SK"),
            slotId: SlotID(generation: 0, position: 1))
        fixture.authorizedKeys = [automakerRoot.publicKey]
        fixture.longTermSharedSecret = [UInt8](repeating: 7, count: 16)
        fixture.confidentialBytes = (0..<128).map { UInt8($0 / 16) + 1 }
        fixture.privateBytes.replaceSubrange(
            0..<18, with: [0x00, 0xFF] + (UInt8(1)...8).flatMap { [0x00, $0] })
        change(&fixture)
        var snapshot = PhoneCard.Snapshot()
        fixture.install(in: &snapshot.secureElement)
        snapshot.phone.keys = [
            WalletKey(
                id: fixture.keyId, origin: .pairing, vehicleId: vehicleId,
                automaker: "roadsters", mapping: .standard, configuration: configuration,
                vehicleVersions: [.v0200, .v0100], vehicleCertificate: vehicleCertificate,
                intermediate: nil, endpointCertificate: [],
                mappingValue: StoredBytes(MailboxMapping.standard.encoded),
                configurationValue: StoredBytes(configuration.encoded))
        ]
        var phone = PhoneCard(
            snapshot: snapshot, random: ScriptedRandom(seed: name).source)
        try introduce(&phone)
        return (phone, fixture.keyId)
    }

    /// What a friend may do in most tests.
    func offer(_ profile: Profile = .full, code: String? = nil) -> ShareOffer {
        ShareOffer(
            keyConfig: KeyConfig(
                profile: profile, notBefore: Self.begin,
                notAfter: Self.noon.adding(seconds: 86_400)), activationCode: code)
    }

    /// A key shared from `owner` to `friend` through all four objects.
    func share(
        from owner: inout PhoneCard, _ key: KeyID, to friend: inout PhoneCard
    ) throws -> KeyID {
        let request = try owner.share(key, offer())
        let signing = try friend.accept(request, at: Self.noon)
        let package = try owner.sign(signing, slot: request.slotId, of: key, at: Self.noon)
        return try friend.importKey(package)
    }
}

extension PhoneCard {
    /// The same phone after its process died and was started again.
    mutating func restart(seed: String = "restarted") {
        self = PhoneCard(snapshot: snapshot, random: ScriptedRandom(seed: seed).source)
    }
}
