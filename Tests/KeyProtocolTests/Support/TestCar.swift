// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI

/// A car and phones that have its keys, without any pairing.
struct TestCar {
    let vehicle = PrivateKey.generate(.system, for: "vehicle.SK")
    let receipts = PrivateKey.generate(.system, for: "Q.SK")
    let immobilizer = RandomSource.system.bytes(32, for: "K_immo")
    let ltss = RandomSource.system.bytes(16, for: "LTSS")
    let start = Instant(secondsSinceEpoch: 1_700_000_000)
    var record: VehicleRecord
    var owner: TestApplet

    /// A car whose owner holds slot 0001; positions 2...8 are issued.
    init(versions: [ProtocolVersion] = [.v0200, .v0100], keyVersion: ProtocolVersion = .v0200)
        throws
    {
        let id = try VehicleID([1, 2, 3, 4, 5, 6, 7, 8])
        let identity = try VehicleIdentity(
            vehicleId: id, privateKey: vehicle.scalar, certificate: [], intermediate: nil,
            automakerKey: vehicle.publicKey, receiptKey: receipts.publicKey,
            immobilizerKey: immobilizer, versions: versions)
        record = VehicleRecord(
            identity: identity, configuration: VehicleConfiguration(ownerNotBefore: start))
        owner = TestApplet(vehicleKey: vehicle.publicKey)
        var states: [SlotID: SlotState] = [:]
        for position in UInt8(1)...8 {
            let slot = SlotID(generation: 0, position: position)
            states[slot] = position == 1 ? .bound : .issued
            owner.privateMailbox.replaceSubrange(
                2 * Int(position)..<2 * Int(position) + 2, with: slot.bytes)
        }
        owner.privateMailbox[1] = 0xFF
        record.slots = SlotLedger(states)
        record.keys = [
            KeyRecord(
                slotId: owner.slot, publicKey: owner.key.publicKey, version: keyVersion,
                config: KeyConfig(profile: .owner, notBefore: start),
                longTermSharedSecret: SecretBytes(ltss))
        ]
        giveToken(&owner)
    }

    func giveToken(_ phone: inout TestApplet) {
        let token = immobilizerToken(
            key: immobilizer, slotId: phone.slot, vehicleId: record.identity.vehicleId)
        phone.confidential.replaceSubrange(0..<16, with: token)
    }

    /// A friend's phone with a package signed by the owner, not seen by the car yet.
    func friend(
        _ config: KeyConfig? = nil, position: UInt8 = 2, code: String? = nil,
        signedBy signer: PrivateKey? = nil,
        saying change: (inout AttestationBody) -> Void = { _ in }
    ) throws -> TestApplet {
        var friend = TestApplet(vehicleKey: vehicle.publicKey)
        friend.slot = SlotID(generation: 0, position: position)
        let nonce = RandomSource.system.bytes(16, for: "nonce")
        var body = AttestationBody(
            vehicleId: record.identity.vehicleId, ownerKeyId: owner.key.publicKey.keyId,
            friendPK: friend.key.publicKey, slotId: friend.slot, protocolVersion: [2, 0],
            keyConfig: config ?? KeyConfig(profile: .full, notBefore: start),
            issuedAt: .test, nonce: nonce,
            activationTag: try code.map {
                try activationTag(ltss: ltss, code: $0, nonce: nonce)
            })
        change(&body)
        friend.givePackage(try Attestation.signed(body, by: signer ?? owner.key).encoded)
        giveToken(&friend)
        return friend
    }

    /// A friend's key the car knows already.
    mutating func knownFriend(_ config: KeyConfig, position: UInt8 = 2) throws -> TestApplet {
        var friend = try friend(config, position: position)
        try install(friend)
        friend.privateMailbox[0] = 0
        return friend
    }

    /// Makes the package of a friend's phone known online.
    mutating func install(_ friend: TestApplet) throws {
        let package = Array(friend.privateMailbox.dropFirst(0x102))
        let length = Int(friend.privateMailbox[0x100]) << 8 | Int(friend.privateMailbox[0x101])
        try record.installSharedKey(Attestation(parsing: Array(package.prefix(length))))
    }

    /// One tap; the record is what the disk has afterwards.
    mutating func tap(
        _ phone: inout TestApplet, _ code: TransactionCode, at time: Instant = .test,
        activationCode: String? = nil
    ) throws -> Run {
        let session = ReaderSession(
            record: record, purpose: .transaction(code), activationCode: activationCode,
            random: .system)
        let run = drive(session, with: &phone, at: time)
        record = run.stored
        return run
    }

    /// One tap of the owner's phone.
    mutating func tapOwner(_ code: TransactionCode, at time: Instant = .test) throws -> Run {
        var phone = owner
        defer { owner = phone }
        return try tap(&phone, code, at: time)
    }
}

extension TestApplet {
    /// The owner's word, put where the car looks for it.
    mutating func givePackage(_ der: [UInt8]) {
        let package = UInt16(der.count).bigEndianBytes + der
        privateMailbox.replaceSubrange(0x100..<0x100 + package.count, with: package)
        privateMailbox[0] = 0x02
    }
}

extension VehicleRecord {
    /// As many keys as a car holds: one more with `config` in position 1, friends' in the others.
    mutating func fill(with config: KeyConfig? = nil) {
        for number in keys.count..<Limits.keys {
            let isFirst = number == 0
            let slot = SlotID(
                generation: 0x40 + UInt8(number), position: isFirst ? 1 : 2 + UInt8(number % 7))
            let friend = KeyConfig(
                profile: .full, notBefore: Instant(secondsSinceEpoch: 1_700_000_000))
            keys.append(
                KeyRecord(
                    slotId: slot,
                    publicKey: PrivateKey.generate(.system, for: "key \(number)").publicKey,
                    version: .v0200, config: isFirst ? config ?? friend : friend))
        }
    }
}
