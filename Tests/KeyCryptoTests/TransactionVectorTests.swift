// SPDX-License-Identifier: Apache-2.0

import Identifiers
@testable import KeyCrypto
import TestKit
import Testing

extension VectorValue {
    /// The transcript of `inputs`, with members of `changes` in their place.
    func transcript(changes: VectorValue? = nil) throws -> TransactionTranscript {
        func hex(_ name: String) throws -> [UInt8] {
            try changes?.optional(name)?.hex() ?? self.hex(name)
        }
        return TransactionTranscript(
            vehicleEphemeral: try key("vehicleESK").publicKey,
            endpointEphemeral: try key("endpointESK").publicKey,
            transactionId: try hex("transactionId"), interface: try hex("interface").first ?? 0,
            flag: try hex("flag"), version: try hex("version"),
            phoneVersions: try hex("phoneVersions"), vehicleId: try VehicleID(hex("vehicleId")))
    }
}

struct TransactionVectorTests {
    @Test(arguments: ["standard-0200", "standard-0100"])
    func `standard transactions derive and sign what the vectors say`(_ name: String) throws {
        let file = try Vectors.file(name)
        for vector in try file.cases {
            let (inputs, middle, out) = (vector.inputs, vector.intermediate, vector.outputs)
            let transcript = try inputs.transcript()
            let toSign = transcript.signatureInput(usage: .vehicle)
            #expect(try toSign == middle.hex("vehicleSigInput"))
            #expect(
                try transcript.signatureInput(usage: .endpoint) == middle.hex("endpointSigInput"))
            #expect(try transcript.info(Label.volatile) == middle.hex("volatileInfo"))
            #expect(try transcript.info(Label.persistent) == middle.hex("persistentInfo"))
            let car = try transcript.standardKeys(
                own: inputs.key("vehicleESK"), peer: transcript.endpointEphemeral, ranging: true)
            let phone = try transcript.standardKeys(
                own: inputs.key("endpointESK"), peer: transcript.vehicleEphemeral, ranging: false)
            for keys in [car, phone] {
                #expect(try keys.channel == out.channelKeys())
                #expect(try keys.kpersistent.exposed == out.hex("Kpersistent"))
            }
            if let ursk = out.optional("URSK") { #expect(try car.ursk?.exposed == ursk.hex()) }
            #expect(phone.ursk == nil)
            try checkSignatures(vector, transcript)
            var channel = SecureChannel(keys: car.channel, counter: 0)
            let body = Array(try out.hex("auth1Response").dropLast(2))
            #expect(try channel.openResponse(body) == middle.hex("auth1ResponsePlain"))
            for exchange in try out.list("exchanges") { try check(exchange, on: &channel) }
        }
        for negative in try file.negatives where try negative.input.text("check") != "phone" {
            try check(negative, in: file)
        }
    }

    /// One EXCHANGE as the car sees it: what it sends, and what it finds in the answer.
    private func check(_ exchange: VectorValue, on channel: inout SecureChannel) throws {
        // The header and Lc before, Le after.
        let command = try exchange.hex("command").dropFirst(5)
        let wire = try channel.sealCommand(exchange.hex("plain"))
        #expect(command.starts(with: wire) && command.count - wire.count <= 1, "\(exchange)")
        let answer = Array(try exchange.hex("response").dropLast(2))
        #expect(try channel.openResponse(answer) == exchange.hex("responsePlain"), "\(exchange)")
    }

    private func checkSignatures(_ vector: VectorCase, _ transcript: TransactionTranscript) throws {
        let pairs: [(String, String, SignatureUsage)] = [
            ("vehicleSK", "vehicleSig", .vehicle), ("deviceSK", "endpointSig", .endpoint),
        ]
        for (keyName, signatureName, usage) in pairs {
            let key = try vector.inputs.key(keyName)
            let message = transcript.signatureInput(usage: usage)
            #expect(key.publicKey.isValid(try vector.outputs.hex(signatureName), for: message))
            #expect(key.publicKey.isValid(try key.signature(for: message), for: message))
        }
    }

    private func check(_ negative: VectorNegative, in file: VectorFile) throws {
        let input = negative.input
        let vector = try #require(try file.cases.dropFirst(input.integer("case")).first)
        let transcript = try vector.inputs.transcript(changes: input)
        let actual = try refusal {
            if let signature = try input.optional("vehicleSig")?.hex() {
                let message = transcript.signatureInput(usage: .vehicle)
                let key = try vector.inputs.key("vehicleSK").publicKey
                if !key.isValid(signature, for: message) { throw CryptoError.signature }
            } else {
                let keys = try transcript.standardKeys(
                    own: vector.inputs.key("vehicleESK"), peer: transcript.endpointEphemeral,
                    ranging: false)
                var channel = SecureChannel(keys: keys.channel, counter: 0)
                _ = try channel.openResponse(input.hex("auth1Response"))
            }
        }
        #expect(negative.complaint(about: actual) == nil)
    }

    @Test(arguments: ["fast-0200", "fast-0100"])
    func `fast transactions derive and find what the vectors say`(_ name: String) throws {
        let file = try Vectors.file(name)
        for vector in try file.cases {
            if vector.inputs.optional("candidates") != nil {
                let match = try search(vector.inputs, in: file)
                #expect(try match == vector.outputs.optional("matchIndex")?.integer())
                continue
            }
            let schedule = FastSchedule(
                try vector.inputs.transcript(),
                vehicleKeyX: try vector.inputs.key("vehicleSK").publicKey.x)
            let keys = try schedule.keys(
                PersistentSecret(try vector.inputs.hex("Kpersistent")),
                deviceKeyX: vector.inputs.key("deviceSK").publicKey.x)
            #expect(try keys.channel == vector.outputs.channelKeys())
            #expect(try keys.cryptogram == vector.outputs.hex("cryptogram"))
            if let exchange = vector.outputs.optional("exchange") {
                var channel = SecureChannel(keys: keys.channel, counter: 1)
                try check(exchange, on: &channel)
            }
        }
        for negative in try file.negatives {
            #expect(try search(negative.input, in: file) == nil, "\(negative.name)")
        }
    }

    /// The matching candidate of `input`; the case's own key is the candidate when none is listed.
    private func search(_ input: VectorValue, in file: VectorFile) throws -> Int? {
        let inputs = try #require(try file.cases.dropFirst(input.integer("case")).first).inputs
        let listed = try input.optional("candidates")?.list().map {
            (try $0.hex("Kpersistent"), deviceKeyX: try $0.hex("devicePKx"))
        }
        let own = (
            try inputs.hex("Kpersistent"), deviceKeyX: try inputs.key("deviceSK").publicKey.x
        )
        let vehicleKeyX =
            try input.optional("vehiclePKx")?.hex() ?? inputs.key("vehicleSK").publicKey.x
        let schedule = FastSchedule(
            try inputs.transcript(changes: input), vehicleKeyX: vehicleKeyX)
        return try (listed ?? [own]).firstIndex { kpersistent, deviceKeyX in
            try schedule.isMade(
                input.hex("cryptogram"), with: PersistentSecret(kpersistent),
                deviceKeyX: deviceKeyX)
        }
    }
}
