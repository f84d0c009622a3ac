// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import TestKit
import Testing

@testable import VirtualPhone

@Suite("Transaction vectors, phone side")
struct TransactionVectorTests {
    static let standardFiles = ["standard-0200", "standard-0100"]
    static let fastFiles = ["fast-0200", "fast-0100"]

    @Test(arguments: standardFiles)
    func `a standard transaction answers as recorded`(_ file: String) throws {
        for vector in try Vectors.file(file).cases {
            let fixture = try fixture(vector.inputs)
            var phone = try phone(fixture, vector.inputs)
            let out = vector.outputs
            try expect(&phone, out, "select", "selectResponse", vector.name)
            let response = phone.respond(to: try out.hex("auth0"), at: someMoment)
            let flag = try vector.inputs.hex("flag")
            let isReal = fixture.kpersistent != nil && fixture.options.transactions.contains(.fast)
            if isReal || flag.first == 0 {
                #expect(response == (try out.hex("auth0Response")), "\(vector.name)")
            } else {
                // The cryptogram of a dummy key is random; everything else is not.
                let expected = try out.hex("auth0Response")
                #expect(response.count == expected.count, "\(vector.name)")
                #expect(response.prefix(67) == expected.prefix(67), "\(vector.name)")
            }
            try expectIdentity(
                phone.respond(to: try out.hex("auth1"), at: someMoment), vector, fixture)
            // Without option b0 nothing takes the place of what the phone had (8.8).
            let kept =
                fixture.options.transactions.contains(.fast)
                ? try out.hex("Kpersistent") : fixture.kpersistent
            #expect(
                phone.element.persistentKey(of: fixture.keyId)?.exposed == kept, "\(vector.name)")
            for exchange in try out.list("exchanges") {
                try expect(&phone, exchange, "command", "response", vector.name)
            }
            try expect(&phone, out, "controlFlow", "controlFlowResponse", vector.name)
        }
    }

    @Test(arguments: fastFiles)
    func `a fast transaction answers as recorded`(_ file: String) throws {
        for vector in try Vectors.file(file).cases where vector.outputs.optional("auth0") != nil {
            var phone = try phone(fixture(vector.inputs), vector.inputs)
            try expect(&phone, vector.outputs, "select", "selectResponse", vector.name)
            try expect(&phone, vector.outputs, "auth0", "auth0Response", vector.name)
            let exchange = try vector.outputs.member("exchange")
            try expect(&phone, exchange, "command", "response", vector.name)
        }
    }

    @Test(arguments: standardFiles)
    func `a wrong command is answered with its status word`(_ file: String) throws {
        let vectors = try Vectors.file(file)
        for negative in try vectors.negatives {
            guard try negative.input.text("check") == "phone" else { continue }
            let inputs = try vectors.cases[negative.input.integer("case")].inputs
            var phone = try phone(fixture(inputs), inputs)
            var answer: [UInt8] = []
            for command in try negative.input.list("apdus") {
                answer = phone.respond(to: try command.hex(), at: someMoment)
            }
            #expect(negative.asks(for: answer), "\(negative.name)")
        }
    }

    @Test(arguments: standardFiles)
    func `a wrong vehicle signature gets nothing`(_ file: String) throws {
        let vectors = try Vectors.file(file)
        for negative in try vectors.negatives {
            guard try negative.input.text("check") == "vehicleSig" else { continue }
            let vector = try vectors.cases[negative.input.integer("case")]
            var phone = try phone(fixture(vector.inputs), vector.inputs)
            _ = phone.respond(to: try vector.outputs.hex("select"), at: someMoment)
            _ = phone.respond(to: try vector.outputs.hex("auth0"), at: someMoment)
            let command = Auth1Response.command(
                signature: try negative.input.hex("vehicleSig"))
            let answer = phone.respond(to: command.encoded, at: someMoment)
            let isWhole = command.data.count == 66
            #expect(answer == (isWhole ? [0x69, 0x82] : [0x6A, 0x80]), "\(negative.name)")
        }
    }

    /// A signature is random: the answer is opened and judged by its meaning.
    private func expectIdentity(
        _ response: [UInt8], _ vector: VectorCase, _ fixture: KeyFixture
    ) throws {
        #expect(response.suffix(2) == [0x90, 0x00], "\(vector.name)")
        let keys = ChannelKeys(
            encryption: try vector.outputs.hex("Kenc"), mac: try vector.outputs.hex("Kmac"),
            responseMAC: try vector.outputs.hex("Krmac"))
        var channel = SecureChannel(keys: keys, counter: 0)
        let plain = try channel.openResponse(Array(response.dropLast(2)))
        let expected = try vector.intermediate.hex("auth1ResponsePlain")
        #expect(plain.prefix(6) == expected.prefix(6), "\(vector.name)")
        #expect(plain.dropFirst(70) == expected.dropFirst(70), "\(vector.name)")
        let signature = try Auth1Response(parsing: plain).signature
        let input = try vector.intermediate.hex("endpointSigInput")
        #expect(fixture.deviceKey.publicKey.isValid(signature, for: input), "\(vector.name)")
    }

    private func expect(
        _ phone: inout PhoneCard, _ value: VectorValue, _ command: String, _ response: String,
        _ name: String
    ) throws {
        let answer = phone.respond(to: try value.hex(command), at: someMoment)
        #expect(answer == (try value.hex(response)), "\(name): \(command)")
    }

    private func fixture(_ inputs: VectorValue) throws -> KeyFixture {
        var fixture = KeyFixture(
            vehicleId: try VehicleID(inputs.hex("vehicleId")),
            vehicleKey: try PrivateKey(scalar: inputs.hex("vehicleSK")).publicKey,
            deviceKey: try PrivateKey(scalar: inputs.hex("deviceSK")),
            slotId: SlotID(generation: 0, position: 1))
        fixture.version = try ProtocolVersion(parsing: inputs.hex("version"))
        if let slot = inputs.optional("slotId") { fixture.slotId = try SlotID(slot.hex()) }
        if let byte = try inputs.optional("signalingByte")?.hex().first {
            fixture.privateBytes[0] = byte
        }
        if let group = try inputs.optional("endpointOptionGroup1")?.hex().first {
            fixture.options = KeyOptions(group, 0x03)
        }
        if try interface(inputs) == .wired { fixture.options.transactions.insert(.wired) }
        let secret = inputs.optional("phoneKpersistentBefore") ?? inputs.optional("Kpersistent")
        if let bytes = try secret?.hex(), !bytes.isEmpty { fixture.kpersistent = bytes }
        return fixture
    }

    private func phone(_ fixture: KeyFixture, _ inputs: VectorValue) throws -> PhoneCard {
        let random = ScriptedRandom([("endpoint_eSK", try inputs.hex("endpointESK"))])
        var phone = fixture.phone(
            versions: try ProtocolVersion.list(inputs.hex("phoneVersions")), random: random)
        phone.interface = try interface(inputs)
        return phone
    }

    private func interface(_ inputs: VectorValue) throws -> Interface {
        try #require(try inputs.hex("interface").first.flatMap(Interface.init))
    }
}
