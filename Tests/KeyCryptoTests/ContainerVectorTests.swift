// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
@testable import KeyCrypto
import TestKit
import Testing

struct ContainerVectorTests {
    private func envelope(_ value: VectorValue) throws -> ECIESEnvelope {
        ECIESEnvelope(
            version: try value.text("version"),
            ephemeralPublicKey: try value.text("ephemeralPublicKey"),
            publicKeyHash: try value.text("publicKeyHash"), data: try value.text("data"))
    }

    @Test func `ECIES_v1 containers`() throws {
        let file = try Vectors.file("ecies-v1")
        for vector in try file.cases {
            let own = try vector.inputs.key("recipientSK")
            let expected = try envelope(vector.outputs.member("container"))
            let plain = try vector.inputs.hex("plaintext")
            let sealed = try ECIES.seal(
                plain, to: own.publicKey, scripted(vector.inputs.hex("ephemeralSK")))
            #expect(sealed.version == expected.version, "\(vector.name)")
            for part in [\ECIESEnvelope.ephemeralPublicKey, \.publicKeyHash, \.data] {
                #expect(sealed[keyPath: part] == expected[keyPath: part].lowercased())
            }
            #expect(try ECIES.open(expected, with: own) == plain, "\(vector.name)")
            var upper = expected
            upper.data = upper.data.uppercased()
            upper.publicKeyHash = upper.publicKeyHash.uppercased()
            upper.ephemeralPublicKey = upper.ephemeralPublicKey.uppercased()
            #expect(try ECIES.open(upper, with: own) == plain)
        }
        for negative in try file.negatives {
            let actual = try refusal {
                _ = try ECIES.open(
                    envelope(negative.input.member("container")),
                    with: negative.input.key("recipientSK"))
            }
            #expect(negative.complaint(about: actual) == nil)
        }
    }

    private func payload(_ value: VectorValue) throws -> RelayPayload {
        RelayPayload(type: try value.text("type"), data: try value.text("data"))
    }

    /// JSON may be spaced and escaped as its writer likes: what counts is the one member.
    private func content(_ value: VectorValue) throws -> RelayContent? {
        guard let name = value.names.first else { return nil }
        let text = try value.text(name)
        if name == "cancel" { return .cancel(text) }
        let der = Array(try #require(Data(base64Encoded: text)))
        switch name {
        case "keyCreationRequest": return .keyCreationRequest(der)
        case "keySigningRequest": return .keySigningRequest(der)
        case "importRequest": return .importRequest(der)
        default: throw VectorError("\(value): unknown content")
        }
    }

    @Test func `relay payloads`() throws {
        let file = try Vectors.file("relay-payload")
        for vector in try file.cases {
            let secret = try vector.inputs.hex("secret")
            let expected = try payload(vector.outputs.member("payload"))
            let clearText = Array(try vector.intermediate.text("clearText").utf8)
            let sealed = try RelayPayload.seal(
                clearText: clearText, secret: secret, random: scripted(vector.inputs.hex("iv")))
            #expect(sealed == expected, "\(vector.name)")
            #expect(try expected.openClearText(secret: secret) == clearText)
            let fragment = try vector.outputs.text("fragment")
            #expect(RelaySecret.fragment(of: secret) == fragment)
            #expect(try RelaySecret.secret(fromFragment: fragment) == secret)
            // An empty content shows the layout only; no phone may send it.
            if let content = try content(vector.inputs.member("content")) {
                #expect(try expected.open(secret: secret) == content, "\(vector.name)")
                #expect(try RelayContent(clearText: content.clearText) == content)
            } else {
                #expect(throws: CryptoError.malformed) { try expected.open(secret: secret) }
            }
        }
        for negative in try file.negatives {
            let actual = try refusal {
                _ = try payload(negative.input.member("payload"))
                    .open(secret: negative.input.hex("secret"))
            }
            #expect(negative.complaint(about: actual) == nil)
        }
    }

    @Test func `exported tokens`() throws {
        let file = try Vectors.file("token-export")
        for vector in try file.cases {
            let slotId = try SlotID(vector.inputs.hex("slotId"))
            let vehicleId = try VehicleID(vector.inputs.hex("vehicleId"))
            if let key = try vector.inputs.optional("K_immo")?.hex() {
                let token = immobilizerToken(key: key, slotId: slotId, vehicleId: vehicleId)
                #expect(try token == vector.outputs.hex("token"))
                continue
            }
            let own = try vector.inputs.key("encryptionSK")
            let token = try vector.inputs.hex("token")
            let sealed = try TokenExport.seal(
                token, to: own.publicKey, slotId: slotId, vehicleId: vehicleId,
                random: scripted(vector.inputs.hex("ephemeralSK")))
            #expect(try sealed == vector.outputs.hex("encToken"), "\(vector.name)")
            let opened = try TokenExport.open(
                sealed, with: own, slotId: slotId, vehicleId: vehicleId)
            #expect(opened == token)
        }
        for negative in try file.negatives {
            let actual = try refusal {
                _ = try TokenExport.open(
                    negative.input.hex("encToken"), with: negative.input.key("encryptionSK"),
                    slotId: SlotID(negative.input.hex("slotId")),
                    vehicleId: VehicleID(negative.input.hex("vehicleId")))
            }
            #expect(negative.complaint(about: actual) == nil)
        }
    }
}
