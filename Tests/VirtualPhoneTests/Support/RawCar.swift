// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import Testing

@testable import VirtualPhone

/// A car without rules of its own: it pairs up to the secure channel and then sends what a test wants.
struct RawCar {
    static let password = "01234567"
    let world: TestWorld
    private let verifier: SPAKE2Plus.Verifier
    var phone: PhoneCard
    var channel = SecureChannel.closed
    let request: SPAKERequest

    init(_ world: TestWorld) throws {
        self.world = world
        request = SPAKERequest(
            appletVersions: [.v0200, .v0100], salt: [UInt8](repeating: 9, count: 16), N: 4096, r: 8,
            p: 1, brand: [0xFF, 0xFF])
        verifier = try SPAKE2Plus.Verifier(
            SPAKE2Plus.scalars(
                password: Self.password, salt: request.salt,
                cost: SPAKE2Plus.Cost(n: request.N, r: request.r, p: request.p)))
        phone = try world.phone("alice")
        try phone.enterPairingMode(password: Self.password, at: TestWorld.noon)
        _ = send(ApplicationID.framework.select)
    }

    /// REQUEST and VERIFY, so that the channel is open; returns Y and M[2].
    @discardableResult
    mutating func openChannel() throws -> (share: [UInt8], evidence: [UInt8]) {
        let share = try #require(try? TLVMap(send(request.command).body).value(0x50, count: 65))
        let responder = try SPAKE2Plus.Responder(
            verifier: verifier, share: share, random: world.random,
            spakeVersion: request.spakeVersion.bytes,
            appletVersions: request.appletVersions.encoded)
        let answer = send(
            CommandAPDU(
                cla: 0x80, ins: Instruction.spakeVerify,
                data: [TLV(0x52, responder.share), TLV(0x57, responder.evidence)].encoded))
        let evidence = try TLVMap(answer.body).value(0x58, count: 16)
        channel = SecureChannel(keys: try responder.finish(evidence: evidence).channel)
        return (responder.share, evidence)
    }

    /// What the factory would write for this world's roadster.
    var creation: EndpointCreationData {
        EndpointCreationData(
            vehicleId: world.vehicleId, version: .v0200, options: .ownerDefault,
            slotId: SlotID(generation: 0, position: 1),
            notBefore: TestWorld.noon.adding(seconds: -60), notAfter: .noEnd,
            authorizedKeys: [world.automakerRoot.publicKey.bytes],
            vehicleKey: world.vehicle.publicKey.bytes)
    }

    /// The first batch without its end.
    var batch: [TLV] {
        [
            TLV(0x7F4A, creation.encoded), TLV(0x7F4B, world.vehicleCertificate),
            TLV(0x7F4D, MailboxMapping.standard.encoded),
            TLV(0x7F4E, DeviceConfiguration().encoded),
        ]
    }

    mutating func send(_ command: CommandAPDU) -> ResponseAPDU {
        let answer = phone.respond(to: command.encoded, at: TestWorld.noon)
        return (try? ResponseAPDU(parsing: answer)) ?? ResponseAPDU(status: .wrongLength)
    }

    /// Sends a protected command; the answer is opened when there is one.
    mutating func sendProtected(
        ins: UInt8, p1: UInt8 = 0, _ plain: [UInt8]
    ) throws -> (plain: [UInt8], status: StatusWord) {
        let data = try channel.sealCommand(plain)
        let answer = send(CommandAPDU(cla: 0x84, ins: ins, p1: p1, data: data))
        guard answer.status == .done || answer.status.hasMoreData else {
            return ([], answer.status)
        }
        return (try channel.openResponse(answer.body), answer.status)
    }

    /// Writes a stream in commands of `size` bytes, the last one with P1=80; returns the last status.
    mutating func write(_ stream: [UInt8], size: Int = 239) throws -> StatusWord {
        var rest = stream[...]
        repeat {
            let part = Array(rest.prefix(size))
            rest = rest.dropFirst(part.count)
            let status = try sendProtected(
                ins: Instruction.writeData, p1: rest.isEmpty ? 0x80 : 0x00, part
            ).status
            if status != .done || rest.isEmpty { return status }
        } while true
    }
}
