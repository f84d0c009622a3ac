// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol

@testable import VirtualPhone

/// Owner pairing, step by step (PROTOCOL 5, 7).
extension ScriptedReader {
    mutating func request(_ action: UInt8) throws {
        guard requestsLeft > 0, let mode = record.pairing else { return }
        requestsLeft -= 1
        forget()
        let request = SPAKERequest(
            appletVersions: record.identity.versions, salt: mode.salt, N: mode.N, r: mode.r,
            p: mode.p, brand: [0xFF, 0xFF])
        let response = try send(request.command.encoded, action)
        guard let share = try? TLVMap(response.body).value(0x50, count: 65) else { return }
        responder = try? SPAKE2Plus.Responder(
            verifier: SPAKE2Plus.Verifier(w0: mode.w0.exposed, L: mode.L.exposed), share: share,
            random: random, spakeVersion: ProtocolVersion.v0100.bytes,
            appletVersions: request.appletVersions.encoded)
    }

    mutating func verify(_ action: UInt8) throws {
        guard let responder else { return }
        let command = CommandAPDU(
            cla: 0x80, ins: Instruction.spakeVerify,
            data: [TLV(0x52, responder.share), TLV(0x57, responder.evidence)].encoded)
        let response = try send(command.encoded, action)
        guard let evidence = try? TLVMap(response.body).value(0x58, count: 16) else { return }
        guard let keys = try? responder.finish(evidence: evidence) else {
            throw FuzzFailure("the phone proves another password")
        }
        channel = SecureChannel(keys: keys.channel)
    }

    mutating func writeData(_ plain: [UInt8], p1: UInt8, _ action: UInt8) throws {
        open(
            try sendSealed(
                CommandAPDU(cla: 0x84, ins: Instruction.writeData, p1: p1), plain, action))
    }

    /// The batch a car sends, one byte of it changed when the input says so.
    mutating func writeBatch(_ action: UInt8) throws {
        let creation = EndpointCreationData(
            vehicleId: FuzzKeys.vehicleId, version: .v0200, options: .ownerDefault,
            slotId: SlotID(generation: 0, position: 1), notBefore: FuzzWorld.begin,
            notAfter: .noEnd, authorizedKeys: [FuzzKeys.automaker.publicKey.bytes],
            vehicleKey: FuzzKeys.car.publicKey.bytes)
        var stream = [
            TLV(0x7F4A, creation.encoded), TLV(0x7F4B, record.identity.certificate.exposed),
            TLV(0x7F4D, MailboxMapping.standard.encoded),
            TLV(0x7F4E, DeviceConfiguration().encoded), TLV(0x5F5F, [UInt8]()),
        ].encoded
        let place = Int(input.byte()) << 8 | Int(input.byte())
        if stream.indices.contains(place) { stream[place] ^= input.byte() }
        while !stream.isEmpty {
            let piece = Array(stream.prefix(Limits.protectedPlaintext))
            stream.removeFirst(piece.count)
            try writeData(piece, p1: stream.isEmpty ? 0x80 : 0x00, action & 0x1F)
        }
    }

    mutating func getData(_ action: UInt8) throws {
        let tags: [UInt16] = [0x5F63, 0x7F60, 0x7F61, 0x7F62, 0x0000]
        let tag = tags[Int(input.byte()) % tags.count]
        open(
            try sendSealed(
                CommandAPDU(cla: 0x84, ins: Instruction.getData), tag.bigEndianBytes, action))
    }

    /// Phase 2 as it should be, as far as the input lets it.
    mutating func pair() throws {
        for action: UInt8 in [1, 8, 9] { try step(action) }
        try writeBatch(0)
        let announce = OPControlFlow.fieldResetFollows.command
        _ = try send(announce.encoded, 0)
        phone.fieldLost()
        _ = try send(ApplicationID.framework.select.encoded, 0)
        for tag: UInt16 in [0x5F63, 0x7F62] {
            open(
                try sendSealed(
                    CommandAPDU(cla: 0x84, ins: Instruction.getData), tag.bigEndianBytes, 0))
        }
    }
}
