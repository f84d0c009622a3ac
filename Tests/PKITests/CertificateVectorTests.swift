// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import PKI
import TestKit
import Testing

/// certificates.json: PROTOCOL 11. Creation data (7F4A) is for the tests of KeyProtocol.
struct CertificateVectorTests {
    @Test func `every path of the vectors is believed and says what the vectors say`() throws {
        for vector in try Vectors.file("certificates").cases {
            if vector.inputs.optional("H") != nil {
                try Self.expect(Self.endpoint(vector.inputs), vector)
            } else if vector.inputs.optional("K") != nil {
                let vehicle = try Self.vehicle(vector.inputs)
                #expect(vehicle.vehicleId.bytes == (try vector.outputs.hex("vehicleId")))
                #expect(vehicle.publicKey.bytes == (try vector.outputs.hex("vehiclePK")))
            }
        }
    }

    @Test func `every path the vectors refuse is refused as a chain`() throws {
        for negative in try Vectors.file("certificates").negatives {
            guard negative.input.optional("value") == nil else { continue }
            var word: String?
            do {
                if negative.input.optional("H") != nil {
                    _ = try Self.endpoint(negative.input)
                } else {
                    _ = try Self.vehicle(negative.input)
                }
            } catch let error as PKIError {
                word = error.word
            }
            let complaint = negative.complaint(about: word)
            #expect(complaint == nil, "\(complaint ?? "")")
        }
    }

    @Test func `the certificates of the vectors are what their letters say`() throws {
        let root = try Vectors.file("certificates").root.member("certificates")
        func certificate(_ name: String) throws -> KeyCertificate {
            try KeyCertificate(der: root.hex(name))
        }
        let (J, D) = (try certificate("J"), try certificate("D"))
        try ChainVerifier.root(J, as: .automakerRoot, at: nil)
        try ChainVerifier.root(D, as: .deviceRoot, at: nil)
        let anchor = TrustAnchor(J)
        try ChainVerifier.issued(certificate("P"), as: .serverEncryption, by: anchor, at: nil)
        try ChainVerifier.issued(certificate("Q"), as: .serverSignature, by: anchor, at: nil)
        try ChainVerifier.issued(certificate("I"), as: .intermediate, by: anchor, at: nil)
        try ChainVerifier.crossCertificate(
            certificate("F"), as: .externalCA, of: D, by: anchor, at: nil)
        try ChainVerifier.crossCertificate(
            certificate("M"), as: .crossCertificate, of: J, by: TrustAnchor(D), at: nil)
        _ = try ChainVerifier.endpoint(
            E: certificate("E"), H: certificate("H"), root: TrustAnchor(D), at: nil)
        for name in root.names {
            let certificate = try certificate(name)
            #expect(try KeyCertificate(pem: certificate.pem) == certificate)
        }
    }

    private static func time(_ inputs: VectorValue) throws -> Instant? {
        try inputs.optional("now").flatMap { Instant(generalizedTime: try $0.text()) }
    }

    private static func endpoint(_ inputs: VectorValue) throws -> EndpointCertificate {
        try ChainVerifier.endpoint(
            F: inputs.hex("F"), E: inputs.hex("E"), H: inputs.hex("H"),
            root: TrustAnchor(PublicKey(inputs.hex("jPK"))), at: time(inputs))
    }

    private static func vehicle(_ inputs: VectorValue) throws -> VehicleCertificate {
        func optional(_ name: String) throws -> [UInt8]? {
            let bytes = try inputs.optional(name)?.hex() ?? []
            return bytes.isEmpty ? nil : bytes
        }
        let keys = try ["anchorPK", "dPK", "jPK"].compactMap { try optional($0) }
        return try ChainVerifier.vehicle(
            K: inputs.hex("K"), intermediate: optional("intermediate"), M: optional("M"),
            anchor: TrustAnchor(PublicKey(#require(keys.first))), at: time(inputs))
    }

    private static func expect(_ key: EndpointCertificate, _ vector: VectorCase) throws {
        let (outputs, endpoint) = (vector.outputs, key.endpoint)
        #expect(key.publicKey.bytes == (try outputs.hex("devicePK")))
        #expect(key.keyId.bytes == (try vector.intermediate.hex("keyId")))
        #expect(endpoint.encoded == (try vector.intermediate.hex("endpointExtension")))
        #expect(endpoint.vehicleId.bytes == (try outputs.hex("vehicleId")))
        #expect([endpoint.optionGroup1] == (try outputs.hex("optionGroup1")))
        #expect([endpoint.optionGroup2] == (try outputs.hex("optionGroup2")))
        #expect(endpoint.protocolVersion == (try outputs.hex("protocolVersion")))
        #expect(endpoint.vehiclePK.bytes == (try outputs.hex("vehiclePK")))
        #expect(endpoint.initialKeySlot == (try outputs.hex("initialKeySlot")))
        let authorized = try outputs.list("authorizedPK").map { try $0.hex() }
        #expect(endpoint.authorizedPKs.map(\.bytes) == authorized)
        let sizes = (
            try outputs.integer("confidentialMailboxSize"),
            try outputs.integer("privateMailboxSize")
        )
        #expect((endpoint.confidentialMailboxSize, endpoint.privateMailboxSize) == sizes)
        #expect(endpoint.accountInfoHash ?? [] == (try outputs.hex("accountInfoHash")))
        #expect(key.notBefore.generalizedTime == (try outputs.text("notBefore")))
        #expect(key.notAfter.generalizedTime == (try outputs.text("notAfter")))
    }
}
