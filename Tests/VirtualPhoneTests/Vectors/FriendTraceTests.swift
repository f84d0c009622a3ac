// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit
import Testing

@testable import VirtualPhone

@Suite("Friend trace, phone side")
struct FriendTraceTests {
    @Test func `sharing makes the recorded objects and the friend's taps answer as recorded`()
        throws
    {
        for vector in try Vectors.file("friend-trace").cases {
            try FriendReplay(vector).run()
        }
    }
}

/// Owner and friend phones with the secrets of a trace.
struct FriendReplay {
    let vector: VectorCase
    private let inputs: VectorValue
    private let random: ScriptedRandom
    private let ephemerals: [[UInt8]]
    private let now: Instant
    private let recordedRequest: KeyCreationRequest

    init(_ vector: VectorCase) throws {
        self.vector = vector
        inputs = vector.inputs
        let draws = try inputs.list("randomDraws").map {
            (name: try $0.text("name"), value: try $0.hex("value"))
        }
        random = ScriptedRandom(draws)
        ephemerals = draws.filter { $0.name == "vehicle_eSK" }.map(\.value)
        now = try #require(Instant(generalizedTime: inputs.text("now")))
        recordedRequest = try KeyCreationRequest(
            parsing: vector.intermediate.hex("keyCreationRequest"))
    }

    func run() throws {
        var owner = try ownerPhone()
        var friend = try friendPhone()
        let ownerKey = try PublicKey(inputs.hex("ownerPK")).keyId

        let code = try inputs.optional("activationCode")?.text() ?? ""
        let request = try owner.share(
            ownerKey,
            ShareOffer(
                keyConfig: try KeyConfig(parsing: inputs.hex("keyConfig")),
                activationCode: code.isEmpty ? nil : code, options: recordedRequest.options))
        #expect(request.encoded == (try vector.intermediate.hex("keyCreationRequest")))

        let signing = try friend.accept(request, at: now)
        try expectSigningRequest(signing)

        let imported = try owner.sign(signing, slot: request.slotId, of: ownerKey, at: now)
        try expectImportRequest(imported)
        try expectOwner(owner, ownerKey)
        #expect(throws: PhoneError.noConsent) {
            try owner.sign(signing, slot: request.slotId, of: ownerKey, at: now)
        }

        // The recorded package carries the recorded signature; the car's commands depend on it.
        let recorded = try ImportRequest(parsing: vector.intermediate.hex("importRequest"))
        let key = try friend.importKey(recorded)
        let before = try vector.intermediate.hex("friendPrivateMailboxBefore")
        let mailbox = try friend.element.privateMailbox(of: key)
        #expect(mailbox.starts(with: before))
        #expect(mailbox.dropFirst(before.count).allSatisfy { $0 == 0 })
        let token = try vector.intermediate.hex("token")
        #expect(try friend.element.confidentialMailbox(of: key).starts(with: token))
        try replay(&friend, key)
    }

    private func expectSigningRequest(_ request: KeySigningRequest) throws {
        let recorded = try KeySigningRequest(
            parsing: vector.intermediate.hex("keySigningRequest"))
        #expect(request.externalCA == recorded.externalCA)
        #expect(request.instanceCA == recorded.instanceCA)
        #expect(request.endpoint == recorded.endpoint)
        #expect(request.encryptionPK == recorded.encryptionPK)
    }

    private func expectImportRequest(_ request: ImportRequest) throws {
        let recorded = try Attestation(parsing: vector.intermediate.hex("attestation"))
        #expect(request.attestation.body == recorded.body)
        let owner = try PublicKey(inputs.hex("ownerPK"))
        #expect(request.attestation.isSigned(by: owner))
        let token = try vector.intermediate.hex("encToken")
        #expect(request.encToken == (token.isEmpty ? nil : token))
    }

    private func expectOwner(_ owner: PhoneCard, _ key: KeyID) throws {
        let mailbox = try owner.element.privateMailbox(of: key)
        let bitmap = Int(try MailboxMapping(parsing: recordedRequest.mailboxMap).slotBitmap)
        #expect(try mailbox.prefix(1) == vector.outputs.hex("ownerSignalingAfter")[...])
        #expect(
            try mailbox.dropFirst(bitmap).prefix(1)
                == vector.outputs.hex("ownerSlotBitmapAfter")[...])
    }

    private func replay(_ friend: inout PhoneCard, _ key: KeyID) throws {
        var starts = 0
        var transcript: TransactionTranscript?
        for step in try vector.outputs.list("apdus") {
            guard let command = try step.optional("command")?.hex() else {
                friend.fieldLost()
                continue
            }
            let answer = friend.respond(to: command, at: now)
            let expected = try step.hex("response")
            let apdu = try CommandAPDU(parsing: command)
            switch apdu.ins {
            case Instruction.auth0:
                let start = try Auth0Command(parsing: apdu.data)
                let response = try Auth0Response(parsing: Array(expected.dropLast(2)))
                transcript = TransactionTranscript(
                    vehicleEphemeral: try PublicKey(start.vehicleEphemeral),
                    endpointEphemeral: try PublicKey(response.endpointEphemeral),
                    transactionId: start.transactionId, flag: [apdu.p1, apdu.p2],
                    version: start.version.bytes,
                    phoneVersions: try inputs.hex("friendPhoneVersions"),
                    vehicleId: start.vehicleId)
                starts += 1
                #expect(answer == expected, "\(step)")
            case Instruction.auth1:
                let own = try PrivateKey(scalar: ephemerals[starts - 1])
                try expectIdentity(answer, #require(transcript), own)
            default: #expect(answer == expected, "\(step)")
            }
        }
        #expect(
            friend.element.persistentKey(of: key)?.exposed
                == (try vector.outputs.hex("kpersistentAfter")))
    }

    private func expectIdentity(
        _ answer: [UInt8], _ transcript: TransactionTranscript, _ own: PrivateKey
    ) throws {
        let keys = try transcript.standardKeys(
            own: own, peer: transcript.endpointEphemeral, ranging: false)
        var channel = SecureChannel(keys: keys.channel, counter: 0)
        let identity = try Auth1Response(
            parsing: channel.openResponse(Array(answer.dropLast(2))))
        #expect(identity.slotId == recordedRequest.slotId)
        let friend = try PrivateKey(scalar: inputs.hex("friendEndpointSK")).publicKey
        let input = transcript.signatureInput(usage: .endpoint)
        #expect(friend.isValid(identity.signature, for: input))
    }

    private func ownerPhone() throws -> PhoneCard {
        var fixture = KeyFixture(
            vehicleId: try VehicleID(inputs.hex("vehicleId")),
            vehicleKey: try PrivateKey(scalar: inputs.hex("vehicleSK")).publicKey,
            deviceKey: try PrivateKey(scalar: inputs.hex("ownerEndpointSK")),
            slotId: try SlotID(inputs.hex("ownerSlot")))
        fixture.authorizedKeys = recordedRequest.authorizedPKs
        fixture.longTermSharedSecret = try inputs.hex("LTSS")
        fixture.confidentialBytes = try inputs.hex("ownerConfidentialBefore")
        fixture.mapping = try MailboxMapping(parsing: recordedRequest.mailboxMap)
        fixture.privateBytes = [UInt8](repeating: 0, count: recordedRequest.privateSize)
        for (start, bytes) in [
            (fixture.mapping.slotBitmap, try inputs.hex("ownerSlotBitmapBefore")),
            (fixture.mapping.slotList, try inputs.hex("ownerSlotList")),
        ] {
            fixture.privateBytes.replaceSubrange(Int(start)..<Int(start) + bytes.count, with: bytes)
        }
        var snapshot = PhoneCard.Snapshot()
        fixture.install(in: &snapshot.secureElement)
        snapshot.phone.keys = [
            WalletKey(
                id: fixture.keyId, origin: .pairing, vehicleId: fixture.vehicleId,
                automaker: "trace", mapping: fixture.mapping,
                configuration: try DeviceConfiguration(parsing: recordedRequest.deviceConfig),
                vehicleVersions: try ProtocolVersion.list(inputs.hex("carVersions")),
                vehicleCertificate: try inputs.hex("K"),
                intermediate: try inputs.hex("intermediate").nonEmpty, endpointCertificate: [],
                mappingValue: StoredBytes(recordedRequest.mailboxMap),
                configurationValue: StoredBytes(recordedRequest.deviceConfig))
        ]
        return PhoneCard(snapshot: snapshot, random: random.source)
    }

    private func friendPhone() throws -> PhoneCard {
        let versions = try ProtocolVersion.list(inputs.hex("friendPhoneVersions"))
        var snapshot = PhoneCard.Snapshot(phone: PhoneState(versions: versions))
        let cross = try inputs.hex("M").nonEmpty
        snapshot.phone.automakers = [
            Automaker(
                name: "trace", rootKey: try PublicKey(inputs.hex("jPK")), crossCertificate: cross,
                deviceRootKey: cross == nil ? nil : try PublicKey(inputs.hex("dPK")),
                externalCA: try inputs.hex("friendF"), instanceCA: try inputs.hex("friendE"))
        ]
        snapshot.secureElement.instanceCAs = [
            InstanceCA(
                automaker: "trace",
                privateKey: try PrivateKey(scalar: [UInt8](repeating: 0x11, count: 32)))
        ]
        let certificate = try inputs.hex("friendH")
        return PhoneCard(
            snapshot: snapshot, random: random.source,
            certificates: EndpointCertificateMaker { _ throws(PhoneError) in certificate })
    }
}

extension [UInt8] {
    /// Empty text in a vector means absent.
    var nonEmpty: [UInt8]? { isEmpty ? nil : self }
}
