// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import TestKit
import Testing

@testable import VirtualPhone

@Suite("Pairing trace, phone side")
struct PairingTraceTests {
    @Test func `owner pairing and the taps after it answer as recorded`() throws {
        for vector in try Vectors.file("pairing-trace").cases {
            var replay = try PairingReplay(vector)
            for (index, step) in try replay.steps.enumerated() {
                let place = "\(vector.name), step \(index)"
                guard let command = step.optional("command") else {
                    replay.phone.fieldLost()
                    continue
                }
                let answer = try replay.send(command.hex())
                let expected = try step.hex("response")
                if try command.hex().prefix(2) == [0x80, Instruction.auth1] {
                    try replay.expectIdentity(answer, like: expected, place)
                } else {
                    #expect(answer.hex == expected.hex, "\(place)")
                }
            }
            try replay.expectOutcome()
        }
    }

    @Test func `a wrong command in the middle is answered with its status word`() throws {
        let vectors = try Vectors.file("pairing-trace")
        for negative in try vectors.negatives {
            let number = try negative.input.optional("case")?.integer() ?? 0
            var replay = try PairingReplay(vectors.cases[number])
            for step in try replay.steps.prefix(negative.input.integer("atStep")) {
                guard let command = step.optional("command") else {
                    replay.phone.fieldLost()
                    continue
                }
                _ = try replay.send(command.hex())
            }
            let answer = try replay.send(negative.input.hex("command"))
            #expect(negative.asks(for: answer), "\(negative.name)")
        }
    }
}

/// A phone with the secrets of a trace, and the recorded car in front of it.
struct PairingReplay {
    let vector: VectorCase
    var phone: PhoneCard
    let now: Instant
    private let vehicleEphemerals: [[UInt8]]
    private var lastStart: Auth0Command?
    private var lastFlag: [UInt8] = []
    private var lastEphemeral: [UInt8] = []
    private var starts = 0

    init(_ vector: VectorCase) throws {
        self.vector = vector
        let inputs = vector.inputs
        let draws = try inputs.list("randomDraws").map {
            (name: try $0.text("name"), value: try $0.hex("value"))
        }
        vehicleEphemerals = draws.filter { $0.name == "vehicle_eSK" }.map(\.value)
        now = try #require(Instant(generalizedTime: inputs.text("now")))
        let cross = try inputs.hex("M")
        let automaker = Automaker(
            name: "trace", rootKey: try PublicKey(inputs.hex("jPK")),
            crossCertificate: cross.isEmpty ? nil : cross,
            deviceRootKey: cross.isEmpty ? nil : try PublicKey(inputs.hex("dPK")),
            externalCA: try inputs.hex("F"), instanceCA: try inputs.hex("E"))
        var snapshot = PhoneCard.Snapshot(
            phone: PhoneState(versions: try ProtocolVersion.list(inputs.hex("phoneVersions"))))
        snapshot.phone.automakers = [automaker]
        snapshot.secureElement.instanceCAs = [
            InstanceCA(
                automaker: "trace",
                privateKey: try PrivateKey(scalar: [UInt8](repeating: 0x11, count: 32)))
        ]
        let certificate = try inputs.hex("H")
        phone = PhoneCard(
            snapshot: snapshot, random: ScriptedRandom(draws).source,
            certificates: EndpointCertificateMaker { _ throws(PhoneError) in certificate })
        phone.pendingPolls = try inputs.optional("pendingPolls")?.integer() ?? 0
        try phone.enterPairingMode(password: try inputs.text("password"), at: now)
    }

    var steps: [VectorValue] { get throws { try vector.outputs.list("apdus") } }

    mutating func send(_ command: [UInt8]) throws -> [UInt8] {
        let answer = phone.respond(to: command, at: now)
        if let parsed = try? CommandAPDU(parsing: command), parsed.ins == Instruction.auth0,
            let start = try? Auth0Command(parsing: parsed.data)
        {
            lastStart = start
            lastFlag = [parsed.p1, parsed.p2]
            lastEphemeral = try Auth0Response(parsing: Array(answer.dropLast(2))).endpointEphemeral
            starts += 1
        }
        return answer
    }

    /// Opens the AUTH1 response with the car's keys: the signature in it is random.
    func expectIdentity(_ answer: [UInt8], like expected: [UInt8], _ place: String) throws {
        let start = try #require(lastStart)
        let transcript = TransactionTranscript(
            vehicleEphemeral: try PublicKey(start.vehicleEphemeral),
            endpointEphemeral: try PublicKey(lastEphemeral), transactionId: start.transactionId,
            flag: lastFlag, version: start.version.bytes,
            phoneVersions: try vector.inputs.hex("phoneVersions"), vehicleId: start.vehicleId)
        let keys = try transcript.standardKeys(
            own: PrivateKey(scalar: vehicleEphemerals[starts - 1]),
            peer: PublicKey(lastEphemeral), ranging: false)
        let answers = try [answer, expected].map { bytes in
            var channel = SecureChannel(keys: keys.channel, counter: 0)
            #expect(bytes.suffix(2) == [0x90, 0x00], "\(place)")
            return try Auth1Response(parsing: channel.openResponse(Array(bytes.dropLast(2))))
        }
        #expect(answers[0].slotId == answers[1].slotId, "\(place)")
        #expect(answers[0].signaling == answers[1].signaling, "\(place)")
        let device = try PublicKey(vector.outputs.hex("devicePK"))
        let input = transcript.signatureInput(usage: .endpoint)
        #expect(device.isValid(answers[0].signature, for: input), "\(place)")
    }

    func expectOutcome() throws {
        let outputs = vector.outputs
        let device = try PublicKey(outputs.hex("devicePK"))
        let key = device.keyId
        #expect(phone.element.phase(of: key) == .active)
        #expect(phone.state.pairing == nil)
        #expect(try phone.element.description(of: key).slotId.bytes == outputs.hex("slotId"))
        let start = try outputs.hex("privateMailboxStart")
        #expect(try phone.element.privateMailbox(of: key).starts(with: start))
        #expect(
            try phone.element.confidentialMailbox(of: key)
                == outputs.hex("confidentialMailbox"))
        #expect(
            phone.element.persistentKey(of: key)?.exposed == (try outputs.hex("kpersistentAfter")))
        #expect(
            try phone.element.endpoint(key).longTermSharedSecret?.exposed
                == vector.intermediate.hex("LTSS"))
    }
}
