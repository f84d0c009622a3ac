// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI

@testable import VirtualPhone

/// One car and its phones, made once: the same for every input of a process.
struct FuzzWorld: Sendable {
    static let noon = Instant(secondsSinceEpoch: 1_780_315_200)
    static let begin = Instant(secondsSinceEpoch: 1_735_689_600)
    static let password = "01234567"
    static let salt = [UInt8](repeating: 9, count: 16)

    /// A car and a phone that may pair.
    let newCar: VehicleRecord
    let newPhone: PhoneCard
    /// What the password comes to; scrypt is slow on purpose.
    let scalars: SPAKE2Plus.PasswordScalars
    /// The car after owner pairing, its owner's phone, and a friend's who has not tapped yet.
    let car: VehicleRecord
    let owner: PhoneCard
    let ownerKey: KeyID
    let friend: PhoneCard
    let friendKey: KeyID
    /// The car after the friend's first tap.
    let sharedCar: VehicleRecord
    let seenFriend: PhoneCard
    /// The owner's phone when it has shared: it wants a refill, and has a receipt and a retire list.
    let sharer: PhoneCard
    /// Two phones that trust the automaker and have no key.
    let stranger, guest: PhoneCard
    /// A car that opens without a tap, and its owner's phone in reach of its radio.
    let radio: (car: VehicleRecord, phone: PhoneCard)

    static let shared: FuzzWorld = {
        do {
            return try FuzzWorld()
        } catch {
            fatalError("no world to fuzz in: \(error)")
        }
    }()

    private init() throws {
        scalars = try SPAKE2Plus.scalars(
            password: Self.password, salt: Self.salt,
            cost: SPAKE2Plus.Cost(n: 4096, r: 8, p: 1))
        let random = FuzzRandom(seed: "world").source
        var (record, alice) = try Self.unpaired(scalars, .ownerDefault, random)
        (newCar, newPhone) = (record, alice)
        var (radioCar, carol) = try Self.unpaired(scalars, .ownerPassiveEntry, random)
        guard try Self.tap(&radioCar, &carol, .dashboard).result == .paired else {
            throw FuzzFailure("the owner of the car with a radio does not pair")
        }
        radio = (radioCar, carol.wired)
        stranger = try Self.phone("stranger", random)
        guest = try Self.phone("guest", random)

        guard try Self.tap(&record, &alice, .dashboard).result == .paired,
            let ownerKey = alice.element.keyIds.first
        else { throw FuzzFailure("the owner does not pair") }
        car = record
        owner = alice
        self.ownerKey = ownerKey

        var bob = try Self.phone("bob", random)
        let config = KeyConfig(
            profile: .full, notBefore: Self.begin, notAfter: Self.noon.adding(seconds: 86_400))
        let request = try alice.share(ownerKey, ShareOffer(keyConfig: config))
        let signing = try bob.accept(request, at: Self.noon)
        friendKey = try bob.importKey(
            try alice.sign(signing, slot: request.slotId, of: ownerKey, at: Self.noon))
        friend = bob
        guard try Self.tap(&record, &bob, .transaction(.unlock)).result == .unlocked(.all) else {
            throw FuzzFailure("the friend's first tap does not open")
        }
        sharedCar = record
        seenFriend = bob
        try alice.retire([SlotID(generation: 0, position: 5)], with: ownerKey)
        let receipt = try KtsReceipt.signed(
            KtsReceiptBody(
                vehicleId: FuzzKeys.vehicleId, keyId: ownerKey,
                slotId: alice.element.description(of: ownerKey).slotId, time: Self.noon,
                ktsKeyId: FuzzKeys.server.publicKey.keyId), by: FuzzKeys.server)
        try alice.storeReceipt(receipt, for: ownerKey)
        sharer = alice
    }

    /// A car and a phone that may pair.
    private static func unpaired(
        _ scalars: SPAKE2Plus.PasswordScalars, _ options: KeyOptions, _ random: RandomSource
    ) throws -> (VehicleRecord, PhoneCard) {
        var record = VehicleRecord(
            identity: try VehicleIdentity(
                vehicleId: FuzzKeys.vehicleId, privateKey: FuzzKeys.car.scalar,
                certificate: try CertificateIssuer(name: "Automaker", key: FuzzKeys.automaker)
                    .vehicle(
                        for: FuzzKeys.car.publicKey, vehicleId: FuzzKeys.vehicleId,
                        notBefore: begin, random: random
                    ).der, intermediate: nil, automakerKey: FuzzKeys.automaker.publicKey,
                receiptKey: FuzzKeys.server.publicKey,
                immobilizerKey: [UInt8](repeating: 3, count: 32)),
            configuration: VehicleConfiguration(options: options, ownerNotBefore: begin))
        let verifier = try SPAKE2Plus.Verifier(scalars)
        record.apply(
            pairing: KeyProtocol.PairingMode(
                id: "pairing", expiresAt: noon.adding(seconds: 1800), w0: verifier.w0,
                L: verifier.L, salt: salt, N: 4096, r: 8, p: 1))
        var alice = try phone("alice", random)
        try alice.enterPairingMode(password: password, at: noon)
        return (record, alice)
    }

    /// A phone with an instance CA that the automaker accepts.
    private static func phone(_ name: String, _ random: RandomSource) throws -> PhoneCard {
        var phone = PhoneCard(random: FuzzRandom(seed: name).source)
        let externalCA = try CertificateIssuer(name: "Automaker", key: FuzzKeys.automaker)
            .certificate(
                CertificateRequest(
                    .externalCA, for: FuzzKeys.phoneMaker.publicKey, named: "Phone Maker",
                    notBefore: begin, notAfter: .noEnd), random: random)
        let instanceCA = try CertificateIssuer(name: "Phone Maker", key: FuzzKeys.phoneMaker)
            .certificate(
                CertificateRequest(
                    .instanceCA, for: phone.createInstanceCA(for: "roadsters"),
                    named: "Instance CA", notBefore: begin, notAfter: .noEnd,
                    extensionValue: InstanceCAExtension(appletVersion: [1, 0, 0, 0]).encoded),
                random: random)
        try phone.add(
            Automaker(
                name: "roadsters", rootKey: FuzzKeys.automaker.publicKey,
                externalCA: externalCA.der, instanceCA: instanceCA.der,
                signatureKeys: [FuzzKeys.server.publicKey]))
        return phone
    }

    /// One tap without faults.
    static func tap(
        _ record: inout VehicleRecord, _ phone: inout PhoneCard, _ purpose: ReaderSession.Purpose
    ) throws -> Outcome {
        var field = phone
        var run = try CarRun(record, purpose)
        let (outcome, saved) = try run.run { command in
            guard let command else {
                field.fieldLost()
                return []
            }
            return field.respond(to: command, at: noon)
        }
        field.fieldLost()
        (record, phone) = (saved, field)
        return outcome
    }
}

/// A car at a reader until it has decided.
struct CarRun {
    private var session: ReaderSession
    private var saved: VehicleRecord
    /// More commands than any flow has.
    static let limit = 400

    init(
        _ record: VehicleRecord, _ purpose: ReaderSession.Purpose,
        interface: Interface = .contactless, code: String? = nil
    ) throws {
        saved = record
        session = ReaderSession(
            record: record, purpose: purpose, interface: interface, activationCode: code,
            random: FuzzRandom(seed: "car").source)
    }

    /// `answer` gets each command, or none when the field goes off and on; none back means that
    /// the phone is gone.
    mutating func run(
        _ answer: ([UInt8]?) throws -> [UInt8]?
    ) throws -> (Outcome, saved: VehicleRecord) {
        var now = FuzzWorld.noon
        var step = session.start(at: now)
        for _ in 0..<Self.limit {
            if let save = step.save { saved = save }
            switch step.next {
            case .transmit(let command):
                let response = try answer(command)
                step = response.map { session.received($0, at: now) } ?? session.fieldLost()
            case .fieldReset:
                _ = try answer(nil)
                step = session.fieldWasReset(at: now)
            case .wait:
                now = now.adding(seconds: 1)
                step = session.waited(at: now)
            case .finish(let outcome):
                try require(
                    session.received([0x90, 0x00], at: now).next == .finish(outcome),
                    "an ended session goes on")
                return (outcome, saved)
            }
        }
        throw FuzzFailure("the car does not come to an end")
    }
}
