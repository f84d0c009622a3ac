// SPDX-License-Identifier: Apache-2.0

import Identifiers
@testable import KeyCrypto
import P256Math
import TestKit
import Testing

struct SPAKE2PlusVectorTests {
    static var cases: [VectorCase] { get throws { try Vectors.file("spake2plus-ccc").cases } }

    private struct Run {
        let inputs: VectorValue
        let scalars: SPAKE2Plus.PasswordScalars

        init(_ inputs: VectorValue) throws {
            self.inputs = inputs
            scalars = try SPAKE2Plus.scalars(
                password: inputs.text("password"), salt: inputs.hex("salt"), cost: Self.cost(inputs)
            )
        }

        static func cost(_ inputs: VectorValue) throws -> SPAKE2Plus.Cost {
            try SPAKE2Plus.Cost(
                n: UInt32(inputs.integer("N")), r: UInt16(inputs.integer("r")),
                p: UInt16(inputs.integer("p")))
        }

        func prover() throws -> SPAKE2Plus.Prover {
            try SPAKE2Plus.Prover(scalars: scalars, random: scripted(inputs.hex("x")))
        }

        func responder(x: [UInt8]) throws -> SPAKE2Plus.Responder {
            try SPAKE2Plus.Responder(
                verifier: SPAKE2Plus.Verifier(scalars), share: x,
                random: scripted(inputs.hex("y")), spakeVersion: inputs.hex("spakeVersion"),
                appletVersions: inputs.hex("appletVersions"), ble: inputs.bool("ble"))
        }

        func finish(
            _ prover: SPAKE2Plus.Prover, y: [UInt8], m1: [UInt8]
        ) throws -> (evidence: [UInt8], keys: PairingKeys) {
            try prover.finish(
                share: y, evidence: m1, spakeVersion: inputs.hex("spakeVersion"),
                appletVersions: inputs.hex("appletVersions"), ble: inputs.bool("ble"))
        }
    }

    @Test(arguments: try cases)
    func `both sides derive what the vector says`(_ vector: VectorCase) throws {
        let (run, middle, out) = (try Run(vector.inputs), vector.intermediate, vector.outputs)
        let z = try SPAKE2Plus.derive(
            password: vector.inputs.text("password"), salt: vector.inputs.hex("salt"),
            cost: Run.cost(vector.inputs))
        #expect(try z == middle.hex("z"))
        #expect(try run.scalars.w0.bytes() == middle.hex("w0"))
        #expect(try run.scalars.w1.bytes() == middle.hex("w1"))
        let verifier = try SPAKE2Plus.Verifier(run.scalars)
        #expect(try verifier.L == middle.hex("L"))
        let transcript = SPAKE2Plus.Transcript(
            x: try middle.hex("X"), y: try middle.hex("Y"), z: try middle.hex("Z"),
            v: try middle.hex("V"), w0: try middle.hex("w0"))
        #expect(try transcript.bytes == middle.hex("TT"))

        let prover = try run.prover()
        #expect(try prover.share == middle.hex("X"))
        let responder = try run.responder(x: prover.share)
        #expect(try responder.share == middle.hex("Y"))
        #expect(try responder.evidence == out.hex("M1"))
        let phone = try run.finish(prover, y: responder.share, m1: responder.evidence)
        #expect(try phone.evidence == out.hex("M2"))
        let car = try responder.finish(evidence: phone.evidence)
        for keys in [phone.keys, car] {
            #expect(try keys.channel == out.channelKeys())
            #expect(try keys.longTermSharedSecret.exposed == out.hex("LTSS"))
            #expect(try keys.bleIntro?.exposed == out.optional("Kble_intro")?.hex())
            #expect(try keys.bleOOBMaster?.exposed == out.optional("Kble_oob_master")?.hex())
        }
    }

    @Test func `bad points and bad evidence are refused`() throws {
        let file = try Vectors.file("spake2plus-ccc")
        let cases = try file.cases
        // REQUEST negatives expect status words of the phone: VirtualPhoneTests has those.
        for negative in try file.negatives where !negative.expect.hasPrefix("sw:") {
            let input = negative.input
            let vector = try #require(cases.dropFirst(try input.integer("case")).first)
            let run = try Run(vector.inputs)
            let x = try input.optional("X")?.hex() ?? vector.intermediate.hex("X")
            let y = try input.optional("Y")?.hex() ?? vector.intermediate.hex("Y")
            let m1 = try input.optional("M1")?.hex() ?? vector.outputs.hex("M1")
            let m2 = try input.optional("M2")?.hex() ?? vector.outputs.hex("M2")
            let actual = try refusal {
                if try input.text("role") == "prover" {
                    _ = try run.finish(run.prover(), y: y, m1: m1)
                } else {
                    _ = try run.responder(x: x).finish(evidence: m2)
                }
            }
            #expect(negative.complaint(about: actual) == nil)
        }
    }

    @Test func `the arithmetic is that of RFC 9383`() throws {
        let vectors = try Vectors.file("spake2plus-rfc9383").root.list("vectors")
        for vector in vectors
        where try vector.text("ciphersuite").hasPrefix("P256-") && vector.optional("Z") != nil {
            let (w0, w1) = (try Scalar(vector.hex("w0")), try Scalar(vector.hex("w1")))
            let (x, y) = (try Scalar(vector.hex("x")), try Scalar(vector.hex("y")))
            let (m, n) = (try SPAKE2Plus.m.get(), try SPAKE2Plus.n.get())
            let shareP = try CurvePoint.generator(times: x).plus(m.times(w0))
            let shareV = try CurvePoint.generator(times: y).plus(n.times(w0))
            let unblinded = try shareV.plus(n.times(w0).negated())
            #expect(try CurvePoint.generator(times: w1).encoded() == vector.hex("L"))
            #expect(try shareP.encoded() == vector.hex("shareP"))
            #expect(try shareV.encoded() == vector.hex("shareV"))
            #expect(try unblinded.times(x).encoded() == vector.hex("Z"))
            #expect(try unblinded.times(w1).encoded() == vector.hex("V"))
        }
    }

    @Test func `system keys come from SK`() throws {
        let file = try Vectors.file("system-keys")
        for vector in try file.cases {
            let out = vector.outputs
            let ble = out.optional("Kble_intro") != nil
            let keys = try PairingKeys(sharedKey: vector.inputs.hex("SK"), ble: ble)
            #expect(try keys.channel == out.channelKeys())
            #expect(try keys.longTermSharedSecret.exposed == out.hex("LTSS"))
            #expect(try keys.bleIntro?.exposed == out.optional("Kble_intro")?.hex())
            #expect(try keys.bleOOBMaster?.exposed == out.optional("Kble_oob_master")?.hex())
            let short = try PairingKeys(sharedKey: vector.inputs.hex("SK"))
            #expect(short.channel == keys.channel && short.bleIntro == nil)
        }
        for negative in try file.negatives {
            let actual = try refusal { _ = try PairingKeys(sharedKey: negative.input.hex("SK")) }
            #expect(negative.complaint(about: actual) == nil)
        }
    }
}
