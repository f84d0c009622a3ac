// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import TestKit
import Testing

@testable import VirtualPhone

@Suite("SPAKE2+ vectors, phone side")
struct PasswordVectorTests {
    @Test func `the phone proves the password as recorded`() throws {
        for vector in try Vectors.file("spake2plus-ccc").cases {
            var phone = try phone(vector.inputs)
            for (command, response) in [
                ("request", "requestResponse"), ("verify", "verifyResponse"),
            ] {
                let answer = phone.respond(to: try vector.outputs.hex(command), at: someMoment)
                #expect(
                    answer == (try vector.outputs.hex(response)),
                    "\(vector.name): \(command)")
            }
        }
    }

    @Test func `wrong shares and evidence are refused`() throws {
        let vectors = try Vectors.file("spake2plus-ccc")
        for negative in try vectors.negatives {
            guard try negative.input.text("role") == "prover" else { continue }
            let vector = try vectors.cases[negative.input.integer("case")]
            var phone = try phone(vector.inputs)
            _ = phone.respond(to: try vector.outputs.hex("request"), at: someMoment)
            let share = try negative.input.optional("Y") ?? vector.intermediate.member("Y")
            let evidence = try negative.input.optional("M1") ?? vector.outputs.member("M1")
            let data = TLV(0x52, try share.hex()).encoded + TLV(0x57, try evidence.hex()).encoded
            let command = CommandAPDU(cla: 0x80, ins: Instruction.spakeVerify, data: data)
            let answer = phone.respond(to: command.encoded, at: someMoment)
            #expect(
                answer == (data.count == 0x55 ? [0x6A, 0x88] : [0x67, 0x00]), "\(negative.name)")
            #expect(!phone.isPairing, "\(negative.name)")
        }
    }

    @Test func `a wrong REQUEST is answered with its status word`() throws {
        for negative in try Vectors.file("spake2plus-ccc").negatives {
            guard try negative.input.text("role") == "phone" else { continue }
            let versions = try ProtocolVersion.list(negative.input.hex("phoneVersions"))
            var phone = PhoneCard(
                snapshot: .init(phone: PhoneState(versions: versions)),
                random: ScriptedRandom().source)
            if try negative.input.bool("pairingMode") {
                try phone.enterPairingMode(password: "01234567", at: someMoment)
            }
            _ = phone.respond(to: ApplicationID.framework.select.encoded, at: someMoment)
            let command = CommandAPDU(
                cla: 0x80, ins: Instruction.spakeRequest,
                data: try negative.input.hex("requestData"))
            let answer = phone.respond(to: command.encoded, at: someMoment)
            #expect(negative.asks(for: answer), "\(negative.name)")
        }
    }

    private func phone(_ inputs: VectorValue) throws -> PhoneCard {
        // The vehicle names the highest common version first; it may know more than this phone.
        let versions = try ProtocolVersion.list(Array(inputs.hex("appletVersions").prefix(2)))
        var phone = PhoneCard(
            snapshot: .init(phone: PhoneState(versions: versions)),
            random: ScriptedRandom([("x", try inputs.hex("x"))]).source)
        try phone.enterPairingMode(password: try inputs.text("password"), at: someMoment)
        _ = phone.respond(to: ApplicationID.framework.select.encoded, at: someMoment)
        return phone
    }
}
