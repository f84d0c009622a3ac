// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol

@testable import VirtualPhone

/// A phone that keeps to the protocol only as far as the input lets it. It holds the key of its
/// scene and can therefore prove it, and say anything under the protected channel.
struct ScriptedPhone {
    private var input: FuzzInput
    private let endpoint: Endpoint?
    private let secret: PersistentSecret?
    private let certificates: [[UInt8]]
    private let random = FuzzRandom(seed: "phone").source
    private var transcript: TransactionTranscript?
    private var ephemeral: PrivateKey?
    private var channel: SecureChannel?
    private var request: SPAKERequest?
    private var prover: SPAKE2Plus.Prover?
    private var unsent: [UInt8] = []

    init(_ scene: Scene, _ input: FuzzInput) {
        self.input = input
        let phone = scene.phone
        endpoint = phone.element.state.endpoints.first
        secret = endpoint.flatMap { phone.element.persistentKey(of: $0.keyId) }
        // [F] and [E] of the phone and the [H] of another pairing with the same car.
        let automaker = phone.state.automakers.first
        certificates = [
            automaker?.externalCA ?? [], automaker?.instanceCA ?? [],
            FuzzWorld.shared.owner.state.keys.first?.endpointCertificate ?? [],
        ]
    }

    /// What goes back; the high bits of an action change it on its way.
    mutating func respond(to command: [UInt8]?) throws -> [UInt8]? {
        guard let command else { return [] }
        guard let command = try? CommandAPDU(parsing: command) else {
            throw FuzzFailure("a car's command that is none")
        }
        let action = input.byte()
        switch action & 0x1F {
        case 1: return nil
        case 2: return input.piece()
        case 3: return input.piece() + [0x90, 0x00]
        default: break
        }
        let body = answer(command, isFree: action & 0x1F == 4)
        let status: [UInt8] = unsent.isEmpty ? [0x90, 0x00] : [0x61, 0x00]
        return input.changed(body + status, by: action)
    }

    /// `isFree` takes the clear text from the input.
    private mutating func answer(_ command: CommandAPDU, isFree: Bool) -> [UInt8] {
        switch command.ins {
        case Instruction.select: return select(command)
        case Instruction.auth0: return auth0(command)
        case Instruction.auth1: return auth1(isFree: isFree)
        case Instruction.exchange: return exchange(command, isFree: isFree)
        case Instruction.spakeRequest:
            request = try? SPAKERequest(parsing: command.data)
            prover = try? SPAKE2Plus.Prover(scalars: FuzzWorld.shared.scalars, random: random)
            return TLV(0x50, prover?.share ?? []).encoded
        case Instruction.spakeVerify: return verify(command)
        case Instruction.writeData:
            _ = try? channel?.openCommand(command.data)
            return sealed([])
        case Instruction.getData: return getData(command, isFree: isFree)
        case Instruction.getResponse:
            try? channel?.passCommand()
            return nextPiece()
        default: return []
        }
    }

    private mutating func select(_ command: CommandAPDU) -> [UInt8] {
        if ApplicationID(command.data) == .framework {
            return FrameworkSelection(
                appletVersions: [.v0200, .v0100], isReadyForPairing: true
            ).encoded
        }
        channel = nil
        return AppletSelection(versions: [.v0200, .v0100]).encoded
    }

    private mutating func auth0(_ command: CommandAPDU) -> [UInt8] {
        let key = PrivateKey.generate(random, for: "endpoint_eSK")
        guard let request = try? Auth0Command(parsing: command.data),
            let peer = try? PublicKey(request.vehicleEphemeral)
        else { return [] }
        let transcript = TransactionTranscript(
            vehicleEphemeral: peer, endpointEphemeral: key.publicKey,
            transactionId: request.transactionId, flag: [command.p1, command.p2],
            version: request.version.bytes,
            phoneVersions: [ProtocolVersion.v0200, .v0100].encoded, vehicleId: request.vehicleId)
        (self.transcript, ephemeral) = (transcript, key)
        var response = Auth0Response(
            endpointEphemeral: key.publicKey.bytes, cryptogram: nil)
        if command.p1 == 0x01 {
            let secret = secret ?? PersistentSecret([UInt8](repeating: 1, count: 32))
            let keys = try? FastSchedule(transcript, vehicleKeyX: FuzzKeys.car.publicKey.x)
                .keys(secret, deviceKeyX: signer.publicKey.x)
            response.cryptogram = input.byte() & 1 == 0 ? keys?.cryptogram : input.take(16)
        }
        return response.encoded
    }

    private mutating func auth1(isFree: Bool) -> [UInt8] {
        guard let transcript, let ephemeral,
            let keys = try? transcript.standardKeys(
                own: ephemeral, peer: transcript.vehicleEphemeral, ranging: false),
            let signature = try? signer.signature(
                for: transcript.signatureInput(usage: .endpoint))
        else { return [] }
        channel = SecureChannel(keys: keys.channel, counter: 0)
        try? channel?.passCommand()
        let slot =
            isFree
            ? SlotID(generation: input.byte(), position: input.byte())
            : endpoint?.description.slotId ?? SlotID(generation: 0, position: 2)
        let answer = Auth1Response(
            slotId: slot, signature: signature, signaling: SignalingBits(rawValue: input.byte()))
        return sealed(answer.encoded)
    }

    /// Reads are answered with the mailbox the key has, or with what the input says.
    private mutating func exchange(_ command: CommandAPDU, isFree: Bool) -> [UInt8] {
        guard let plain = try? channel?.openCommand(command.data) else { return [] }
        let rules = ExchangeCommand.Rules(
            afterFast: false, sessionIsOpen: false, privateSize: Limits.mailbox,
            confidentialSize: Limits.mailbox)
        guard let exchange = try? ExchangeCommand(parsing: plain, rules: rules) else {
            return sealed(input.piece())
        }
        var reads: [[UInt8]] = []
        for placed in exchange.operations {
            guard case .read(let offset, let length) = placed.operation else { continue }
            let kept = endpoint?.mailboxes.read(
                placed.mailbox, at: Int(offset), count: Int(length))
            var bytes = kept ?? [UInt8](repeating: 0, count: Int(length))
            if isFree {
                let given = input.piece()
                bytes = Array((given + bytes.dropFirst(given.count)).prefix(Int(length)))
            }
            reads.append(bytes)
        }
        return sealed(ExchangeResponse(reads: reads).encoded)
    }

    private mutating func verify(_ command: CommandAPDU) -> [UInt8] {
        guard let objects = try? TLVMap(command.data), let request,
            let share = objects[0x52], let evidence = objects[0x57],
            let (own, keys) = try? prover?.finish(
                share: share, evidence: evidence, spakeVersion: request.spakeVersion.bytes,
                appletVersions: request.appletVersions.encoded)
        else { return [] }
        channel = SecureChannel(keys: keys.channel)
        return TLV(0x58, own).encoded
    }

    private mutating func getData(_ command: CommandAPDU, isFree: Bool) -> [UInt8] {
        let tag = (try? channel?.openCommand(command.data)) ?? []
        switch tag.last {
        case _ where isFree: unsent = input.piece()
        case 0x63: return sealed([0x01])
        case 0x60: unsent = certificates[0]
        case 0x61: unsent = certificates[1]
        default: unsent = certificates[2]
        }
        return nextPiece()
    }

    private mutating func nextPiece() -> [UInt8] {
        let piece = Array(unsent.prefix(Limits.protectedPlaintext))
        unsent.removeFirst(piece.count)
        return sealed(piece)
    }

    private mutating func sealed(_ plain: [UInt8]) -> [UInt8] {
        (try? channel?.sealResponse(Array(plain.prefix(Limits.protectedPlaintext)))) ?? plain
    }

    private var signer: PrivateKey {
        endpoint?.privateKey ?? FuzzKeys.friend
    }
}
