// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import PKI
import SwiftASN1
import TestKit
import Testing
import X509

struct PartyTests {
    private let parties: TestPKI
    private let device = PrivateKey.generate(.system, for: "device")
    private let car = PrivateKey.generate(.system, for: "car")

    init() throws { parties = try TestPKI() }

    private func content(slot: [UInt8] = [0, 1]) throws -> EndpointExtension {
        EndpointExtension(
            vehicleId: try VehicleID(hex: "f7b76e5b51dc7f83"), optionGroup1: 0x8F,
            optionGroup2: 0x03, protocolVersion: [2, 0], vehiclePK: car.publicKey,
            initialKeySlot: slot, authorizedPKs: [parties.automaker.root.certificate.publicKey],
            confidentialMailboxSize: 128, privateMailboxSize: 1024)
    }

    private func endpoint(
        _ H: KeyCertificate, at time: Instant = TestPKI.now, later: Bool = false
    ) throws -> EndpointCertificate {
        try ChainVerifier.endpoint(
            F: parties.externalCA, E: parties.instanceCA.certificate, H: H,
            root: TrustAnchor(parties.automaker.root.certificate), at: time,
            keyMayStartLater: later)
    }

    @Test func `a key made by a phone is believed by the car and by the server`() throws {
        let content = try content()
        let H = try parties.endpoint(for: device.publicKey, extension: content)
        let key = try endpoint(H)
        #expect(key.endpoint == content)
        #expect(key.publicKey == device.publicKey)
        #expect(key.notAfter == .noEnd)
        _ = try ChainVerifier.endpoint(
            E: parties.instanceCA.certificate, H: H,
            root: TrustAnchor(parties.deviceOEM.root.certificate), at: TestPKI.now)
    }

    @Test func `names are taken over byte by byte, also from who writes PrintableString`() throws {
        let written = try CertifiedKey.selfSigned(
            .deviceRoot, named: "Acme Phones Root", from: TestPKI.start, purpose: "D",
            random: .system)
        let name = Array("Acme Phones Root".utf8)
        let text = written.certificate.der.hex.replacing(
            "0c\([UInt8(name.count)].hex)\(name.hex)",
            with: "13\([UInt8(name.count)].hex)\(name.hex)")
        let root = try CertifiedKey(
            key: written.key, certificate: KeyCertificate(der: [UInt8](hex: text)))
        #expect(root.certificate.subjectName == "Acme Phones Root")
        let F = try parties.automaker.root.certify(
            root.certificate, as: .externalCA, from: TestPKI.start, random: .system)
        let M = try root.certify(
            parties.automaker.root.certificate, as: .crossCertificate, from: TestPKI.start,
            random: .system)
        let printable = [0x13, UInt8(name.count)] + name
        for der in [F.subject.der, M.issuer.der] { #expect(der.suffix(18) == printable[...]) }
        #expect(M.subject == parties.automaker.root.certificate.subject)
        #expect(F.issuer == M.subject && M.issuer == F.subject)
    }

    @Test func `a mailbox larger than any is for the car to refuse, not a broken certificate`()
        throws
    {
        var large = try content()
        (large.privateMailboxSize, large.confidentialMailboxSize) = (4096, 65_535)
        #expect(try EndpointExtension(parsing: large.encoded) == large)
    }

    @Test func `a car is believed over the cross certificate and over the pinned root`() throws {
        let id = try VehicleID(hex: "f7b76e5b51dc7f83")
        let automaker = parties.automaker
        let K = try automaker.vehicleCertificate(
            for: car.publicKey, vehicleId: id, from: TestPKI.start, random: .system)
        let I = automaker.intermediate.certificate
        let paths: [(KeyCertificate?, KeyCertificate)] = [
            (parties.crossCertificate, parties.deviceOEM.root.certificate),
            (nil, automaker.root.certificate),
        ]
        for (M, root) in paths {
            let vehicle = try ChainVerifier.vehicle(
                K: K, intermediate: I, M: M, anchor: TrustAnchor(root), at: TestPKI.now)
            #expect(vehicle.vehicleId == id)
            #expect(throws: PKIError.self) {
                try ChainVerifier.vehicle(K: K, M: M, anchor: TrustAnchor(root), at: nil)
            }
        }
    }

    @Test func `a key that starts later is believed only where that is allowed`() throws {
        let H = try parties.endpoint(for: device.publicKey, extension: content())
        let before = TestPKI.start.adding(seconds: 1)
        _ = try endpoint(H, at: before)
        let later = try CertificateIssuer(parties.instanceCA).endpoint(
            for: device.publicKey, extension: content(), notBefore: TestPKI.now, random: .system)
        #expect(throws: PKIError.chain("H: not yet valid")) { try endpoint(later, at: before) }
        _ = try endpoint(later, at: before, later: true)
    }

    @Test func `what files hold is what was saved, and another environment refuses it`() throws {
        let automaker = parties.automaker
        let again = try AutomakerPKI(
            environment: "test", vehicleOemId: "roadworks", files: automaker.files)
        #expect(again.files == automaker.files)
        let device = parties.deviceOEM
        #expect(
            try DeviceOEMPKI(
                environment: "test", deviceOemId: "acme-phones", files: device.files
            ).files == device.files)
        #expect(throws: PKIError.self) {
            try AutomakerPKI(
                environment: "production", vehicleOemId: "roadworks", files: automaker.files)
        }
        for name in automaker.files.keys {
            var files = automaker.files
            files[name] = nil
            #expect(throws: PKIError.self) {
                try AutomakerPKI(environment: "test", vehicleOemId: "roadworks", files: files)
            }
        }
    }

    @Test func `a bundle is believed by the device OEM it is for and by no other`() throws {
        let automaker = parties.automaker
        func read(_ deviceRoot: KeyCertificate) throws {
            _ = try AutomakerCertificates(
                root: automaker.root.certificate.pem,
                intermediates: [automaker.intermediate.certificate.pem],
                externalCA: parties.externalCA.pem,
                encryption: automaker.encryption.certificate.pem,
                signature: automaker.signature.certificate.pem, deviceRoot: deviceRoot,
                at: TestPKI.now)
        }
        try read(parties.deviceOEM.root.certificate)
        let stranger = try TestPKI(seed: "stranger").deviceOEM.root.certificate
        #expect(throws: PKIError.self) { try read(stranger) }
    }

    @Test func `TLS certificates are ordinary ones with names`() throws {
        let end = TestPKI.start.adding(seconds: 86_400)
        let server = try parties.automaker.tls.server(
            dnsNames: ["localhost"], addresses: [[127, 0, 0, 1]], notBefore: TestPKI.start,
            notAfter: end, random: .system)
        let certificate = try Certificate(derEncoded: server.certificate)
        #expect(try certificate.extensions.subjectAlternativeNames?.count == 2)
        let root = try Certificate(derEncoded: parties.automaker.tls.certificate.der)
        #expect(root.publicKey.isValidSignature(certificate.signature, for: certificate))
        let client = try parties.deviceOEM.tls().client(
            named: "acme-phones", notBefore: TestPKI.start, notAfter: end, random: .system)
        #expect(
            try Certificate(derEncoded: client.certificate).subject.description == "CN=acme-phones")
        #expect(try PEM.privateKey(client.pemKey).publicKey == client.key.publicKey)
    }

    @Test func `a chain of three is verified well below a millisecond`() throws {
        let H = try parties.endpoint(for: device.publicKey, extension: content()).der
        let (F, E) = (parties.externalCA.der, parties.instanceCA.certificate.der)
        let anchor = TrustAnchor(parties.automaker.root.certificate)
        let clock = ContinuousClock()
        let times = try (0..<50).map { _ in
            try clock.measure {
                _ = try ChainVerifier.endpoint(F: F, E: E, H: H, root: anchor, at: TestPKI.now)
            }
        }
        // A debug build on a busy machine: an order of magnitude of room.
        #expect(try #require(times.min()) < .milliseconds(10))
    }
}
