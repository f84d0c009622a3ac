// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import PKI
import TestKit
import Testing

/// attestation.json: PROTOCOL 12.
struct AttestationVectorTests {
    @Test func `every object of the vectors is read and written byte for byte`() throws {
        for vector in try Vectors.file("attestation").cases
        where !vector.name.hasPrefix("encSig") {
            let der = try vector.outputs.hex("der")
            let parse = try #require(Self.parser(vector.name), "\(vector.name)")
            #expect(try parse(der).encoded == der, "\(vector.name)")
        }
    }

    @Test func `the signatures of the vectors are over the input of the vectors`() throws {
        for vector in try Vectors.file("attestation").cases {
            guard let expected = try vector.intermediate.optional("signatureInput")?.hex() else {
                continue
            }
            if vector.name.hasPrefix("encSig") {
                try Self.checkProof(vector, expected)
            } else {
                let signer = try Self.signer(vector)
                try Self.checkSigned(vector, expected, by: signer)
            }
        }
    }

    @Test func `a key configuration built from its fields is the one of the vectors`() throws {
        for vector in try Vectors.file("attestation").cases where vector.name.hasPrefix("KeyConfig")
        {
            let config = try Self.config(vector.inputs)
            #expect(config.encoded == (try vector.outputs.hex("der")), "\(vector.name)")
        }
    }

    @Test func `a package is the length and the attestation`() throws {
        for vector in try Vectors.file("attestation").cases
        where vector.outputs.optional("package") != nil {
            let attestation = try Attestation(parsing: vector.outputs.hex("der"))
            let owner = try PublicKey(vector.intermediate.hex("ownerPK"))
            try attestation.verify(by: owner)
            try attestation.verify(
                by: owner, vehicleId: VehicleID(vector.inputs.hex("vehicleId")),
                slotId: SlotID(vector.inputs.hex("slotId")), selectedVersion: [2, 0])
            let length = UInt16(attestation.encoded.count).bigEndianBytes
            #expect(length + attestation.encoded == (try vector.outputs.hex("package")))
        }
    }

    @Test func `everything the vectors refuse is refused for its reason`() throws {
        for negative in try Vectors.file("attestation").negatives {
            let complaint = negative.complaint(about: try Self.refusal(negative.input))
            #expect(complaint == nil, "\(complaint ?? "")")
        }
    }

    // MARK: - By name of the object

    static func parser(_ name: String) -> ((_ der: [UInt8]) throws -> any DERObject)? {
        let parsers: [(String, ([UInt8]) throws -> any DERObject)] = [
            ("KeyConfig", { try KeyConfig(parsing: $0) }),
            ("Attestation", { try Attestation(parsing: $0) }),
            ("KtsReceipt", { try KtsReceipt(parsing: $0) }),
            ("Termination", { try Termination(parsing: $0) }),
            ("VehicleStatement", { try VehicleStatement(parsing: $0) }),
            ("ServerRequest", { try ServerRequest(parsing: $0) }),
            ("ServerCommand", { try ServerCommand(parsing: $0) }),
            ("KeyCreationRequest", { try KeyCreationRequest(parsing: $0) }),
            ("KeySigningRequest", { try KeySigningRequest(parsing: $0) }),
            ("ImportRequest", { try ImportRequest(parsing: $0) }),
        ]
        return parsers.first { name.hasPrefix($0.0) }?.1
    }

    private static func refusal(_ input: VectorValue) throws -> String? {
        let parse = try #require(parser(input.text("object")))
        do {
            let object = try parse(input.hex("der"))
            if let attestation = object as? Attestation, let owner = input.optional("ownerPK") {
                // A wrong key's attestation names a wrong owner too; the class is that of the signature.
                let owner = try PublicKey(owner.hex())
                guard attestation.isSigned(by: owner) else {
                    #expect(throws: PKIError.self) { try attestation.verify(by: owner) }
                    return "signature"
                }
                try attestation.verify(by: owner)
            }
            return nil
        } catch let error as PKIError {
            return error.word
        }
    }

    private static func signer(_ vector: VectorCase) throws -> PublicKey {
        let name = try vector.inputs.optional("signer")?.text() ?? "ownerSK"
        return try PrivateKey(scalar: vector.inputs.hex(name)).publicKey
    }

    private static func checkSigned(
        _ vector: VectorCase, _ expected: [UInt8], by key: PublicKey
    ) throws {
        let der = try vector.outputs.hex("der")
        func check<Body>(_ object: Signed<Body>) {
            #expect(Signed.signatureInput(object.body) == expected, "\(vector.name)")
            #expect(object.isSigned(by: key), "\(vector.name)")
        }
        let parse = try #require(parser(vector.name))
        switch try parse(der) {
        case let object as Attestation: check(object)
        case let object as KtsReceipt: check(object)
        case let object as Termination: check(object)
        case let object as VehicleStatement: check(object)
        case let object as ServerRequest: check(object)
        case let object as ServerCommand: check(object)
        default: Issue.record("\(vector.name) is not signed")
        }
    }

    private static func checkProof(_ vector: VectorCase, _ expected: [UInt8]) throws {
        let proof = EncryptionKeyProof(
            vehicleId: try VehicleID(vector.inputs.hex("vehicleId")),
            slotId: try SlotID(vector.inputs.hex("slotId")),
            encryptionPK: try PublicKey(vector.inputs.hex("encryptionPK")))
        let friend = try PrivateKey(scalar: vector.inputs.hex("friendSK"))
        #expect(proof.signatureInput == expected)
        #expect(proof.isValid(try vector.outputs.hex("encSig"), by: friend.publicKey))
        #expect(proof.isValid(try proof.signature(by: friend), by: friend.publicKey))
    }

    private static func config(_ inputs: VectorValue) throws -> KeyConfig {
        let windows = try inputs.optional("weekly")?.list().map { entry in
            let numbers = try entry.list().map { try $0.integer() }
            return try WeeklyWindow(
                days: UInt8(numbers[0]), fromMinute: numbers[1], toMinute: numbers[2])
        }
        return KeyConfig(
            profile: try #require(Profile(rawValue: UInt8(inputs.integer("profile")))),
            notBefore: try #require(Instant(generalizedTime: inputs.text("notBefore"))),
            notAfter: try inputs.optional("notAfter").flatMap {
                Instant(generalizedTime: try $0.text())
            },
            maxSpeedKmh: try inputs.optional("maxSpeedKmh")?.integer(), weekly: windows ?? [])
    }
}
