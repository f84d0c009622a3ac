// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import PKI
import TestKit
import Testing

/// The constants of PROTOCOL 12.1: a signature for one object is none for another.
struct SignatureUsageTests {
    private let key = PrivateKey.generate(.system, for: "signer")

    private func expectOnlyItsOwn<Body>(_ object: Signed<Body>) throws {
        for usage in SignatureUsage.allCases {
            let input = usage.tagged + object.body.encoded
            let signed = try Signed(body: object.body, signature: key.signature(for: input))
            #expect(
                signed.isSigned(by: key.publicKey) == (usage == Body.usage),
                "\(Body.self) signed as \(usage)")
        }
        // Neither is the body by itself, without the tag.
        let bare = try Signed(body: object.body, signature: key.signature(for: object.body.encoded))
        #expect(!bare.isSigned(by: key.publicKey), "\(Body.self)")
    }

    @Test func `each object of the vectors is signed for its own use only`() throws {
        var seen: Set<SignatureUsage> = []
        for vector in try Vectors.fixture("attestation").cases {
            guard let parse = AttestationVectorTests.parser(vector.name) else { continue }
            switch try parse(vector.outputs.hex("der")) {
            case let object as Attestation: try expect(object, &seen)
            case let object as KtsReceipt: try expect(object, &seen)
            case let object as Termination: try expect(object, &seen)
            case let object as VehicleStatement: try expect(object, &seen)
            case let object as ServerRequest: try expect(object, &seen)
            case let object as ServerCommand: try expect(object, &seen)
            default: break
            }
        }
        // encSig is made by a key, not an object, and has its own test below; the two of AUTH1 are no
        // objects at all.
        let all = Set(SignatureUsage.allCases)
        #expect(seen == all.subtracting([.vehicle, .endpoint, .encryptionKeyProof]))
    }

    private func expect<Body>(
        _ object: Signed<Body>, _ seen: inout Set<SignatureUsage>
    ) throws {
        seen.insert(Body.usage)
        try expectOnlyItsOwn(object)
    }

    @Test func `encSig is signed for its own use only`() throws {
        let proof = EncryptionKeyProof(
            vehicleId: try VehicleID([UInt8](1...8)), slotId: SlotID(generation: 0, position: 2),
            encryptionPK: key.publicKey)
        let body = proof.signatureInput.dropFirst(SignatureUsage.encryptionKeyProof.tagged.count)
        for usage in SignatureUsage.allCases {
            let signature = try key.signature(for: usage.tagged + body)
            #expect(
                proof.isValid(signature, by: key.publicKey) == (usage == .encryptionKeyProof),
                "\(usage)")
        }
    }
}
