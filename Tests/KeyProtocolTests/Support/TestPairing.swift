// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit

/// A car in pairing mode and the phone that knows the password, both able to be other than they should.
struct TestPairing {
    // Made once: a row of a table needs its own phone, not its own makers.
    private static let makers = Result { try TestPKI() }
    private static let otherMakers = Result { try TestPKI(seed: "other") }

    let pki: TestPKI
    /// Makers that trust one another and that this car does not know.
    let others: TestPKI
    /// What extension .4 of [H] says when nothing is wrong with it.
    let asked: EndpointExtension
    var record: VehicleRecord
    var phone: TestFramework

    init() throws {
        pki = try Self.makers.get()
        others = try Self.otherMakers.get()
        let vehicle = PrivateKey.generate(.system, for: "vehicle.SK")
        let id = try VehicleID([1, 2, 3, 4, 5, 6, 7, 8])
        let J = pki.automaker.root
        let K = try CertificateIssuer(J).vehicle(
            for: vehicle.publicKey, vehicleId: id, notBefore: TestPKI.start, random: .system)
        let further = others.automaker.root.key.publicKey
        let account = filled(8)
        record = VehicleRecord(
            identity: try VehicleIdentity(
                vehicleId: id, privateKey: vehicle.scalar, certificate: K.der, intermediate: nil,
                automakerKey: J.key.publicKey, automakerName: J.certificate.subjectName,
                receiptKey: pki.automaker.signature.key.publicKey,
                immobilizerKey: filled(3)),
            configuration: VehicleConfiguration(
                ownerNotBefore: TestPKI.start, furtherAuthorizedKeys: [further.bytes],
                accountInfoHash: account))
        let scalars = try SPAKE2Plus.PasswordScalars(w0: filled(1), w1: filled(2))
        let verifier = try SPAKE2Plus.Verifier(scalars)
        record.apply(
            pairing: PairingMode(
                id: "pairing", expiresAt: .test.adding(seconds: 1800), w0: verifier.w0,
                L: verifier.L, salt: [UInt8](repeating: 9, count: 16), N: 4096, r: 8, p: 1))
        phone = TestFramework(
            scalars: scalars, random: .system, versions: [.v0200, .v0100], certificates: [],
            applet: TestApplet(vehicleKey: vehicle.publicKey))
        asked = EndpointExtension(
            vehicleId: id, optionGroup1: 0x8F, optionGroup2: 0x03, protocolVersion: [2, 0],
            vehiclePK: vehicle.publicKey,
            initialKeySlot: SlotID(generation: 0, position: 1).bytes,
            authorizedPKs: [J.key.publicKey, further], confidentialMailboxSize: 0x80,
            privateMailboxSize: 0x400, accountInfoHash: account)
        phone.certificates = [
            pki.externalCA.der, pki.instanceCA.certificate.der, try endpoint().der,
        ]
    }

    /// An [H] of this phone, or of another `key`, that says something else.
    func endpoint(
        for key: PublicKey? = nil, by issuer: CertifiedKey? = nil,
        from start: Instant = TestPKI.start, to end: Instant = .noEnd,
        _ change: (inout EndpointExtension) -> Void = { _ in }
    ) throws -> KeyCertificate {
        var value = asked
        change(&value)
        return try CertificateIssuer(issuer ?? pki.instanceCA).endpoint(
            for: key ?? phone.applet.key.publicKey, extension: value, notBefore: start,
            notAfter: end, random: .system)
    }

    /// The phone shows an [H] that says something else.
    mutating func certify(
        from start: Instant = TestPKI.start, to end: Instant = .noEnd,
        _ change: (inout EndpointExtension) -> Void = { _ in }
    ) throws {
        phone.certificates[2] = try endpoint(from: start, to: end, change).der
    }

    /// The phone is held to the dashboard; the record is what the disk has afterwards.
    mutating func pair(
        _ purpose: ReaderSession.Purpose = .pairing, pace: Int64 = 0
    ) -> Run {
        let session = ReaderSession(record: record, purpose: purpose, random: .system)
        let run = drive(session, with: &phone, at: .test, pace: pace)
        record = run.stored
        return run
    }

    /// A second owner's phone pairs, with a password of its own.
    mutating func pairNextOwner() throws -> Run {
        let next = try TestPairing()
        phone = next.phone
        phone.applet = TestApplet(vehicleKey: record.identity.publicKey)
        phone.applet.slot = SlotID(generation: 1, position: 1)
        let slot = phone.applet.slot.bytes
        try certify { $0.initialKeySlot = slot }
        record.apply(pairing: next.record.pairing)
        return pair()
    }
}

/// 32 times the same byte: a scalar, or what only has to be there.
private func filled(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 32) }
