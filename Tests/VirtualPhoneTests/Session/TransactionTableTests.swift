// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

/// Every field of AUTH0 and AUTH1 wrong, missing, doubled, reordered, oversized, or from another
/// session, and the status word the phone must answer (PROTOCOL 8.2, 8.6, 8.7).
@Suite("What a phone makes of AUTH0, AUTH1 and EXCHANGE")
struct TransactionTableTests {
    private let world: TestWorld
    private let ephemeral: PrivateKey
    private let objects: [TLV]

    init() throws {
        world = try TestWorld()
        ephemeral = .generate(world.random, for: "vehicle_eSK")
        objects = [
            TLV(0x5C, [0x02, 0x00]), TLV(0x87, ephemeral.publicKey.bytes),
            TLV(0x4C, [UInt8](1...16)), TLV(0x4D, world.vehicleId.bytes),
        ]
    }

    /// A row: the objects that stand in AUTH0 instead.
    private func auth0(_ change: (inout [TLV]) -> Void) -> [UInt8] {
        var objects = objects
        change(&objects)
        return CommandAPDU(cla: 0x80, ins: Instruction.auth0, p2: 0x01, data: objects.encoded)
            .encoded
    }

    private func selected() throws -> (PhoneCard, KeyID) {
        var (phone, key) = try world.owner()
        _ = phone.respond(to: ApplicationID.applet.select.encoded, at: TestWorld.noon)
        return (phone, key)
    }

    private func expect(
        _ command: [UInt8], _ status: StatusWord, _ row: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var (phone, _) = try selected()
        let answer = phone.respond(to: command, at: TestWorld.noon)
        #expect(
            answer.suffix(2) == status.bytes[...], "\(row): \(answer.hex)",
            sourceLocation: sourceLocation)
        if status != .done {
            #expect(answer.count == 2, "\(row)", sourceLocation: sourceLocation)
        }
    }

    @Test func `a missing, doubled or misshapen field of AUTH0 is 6A80`() throws {
        for index in 0..<4 {
            let tag = objects[index].tag
            try expect(auth0 { $0.remove(at: index) }, .wrongData, "\(tag) missing")
            try expect(auth0 { $0.append($0[index]) }, .wrongData, "\(tag) doubled")
            try expect(auth0 { $0[index].value.removeLast() }, .wrongData, "\(tag) short")
            try expect(auth0 { $0[index].value.append(0) }, .wrongData, "\(tag) long")
            try expect(auth0 { $0[index].value = [] }, .wrongData, "\(tag) empty")
        }
        try expect(auth0 { $0 = [] }, .wrongData, "nothing at all")
    }

    @Test func `a point that is none or a version nobody offered is 6A80`() throws {
        let bytes = ephemeral.publicKey.bytes
        let points: [(String, [UInt8])] = [
            ("compressed prefix", [0x02] + bytes.dropFirst()),
            ("off the curve", bytes.dropLast() + [bytes[64] ^ 1]),
            ("coordinates of p", [0x04] + [UInt8](repeating: 0xFF, count: 64)),
            ("infinity", [UInt8](repeating: 0, count: 65)),
        ]
        for (row, point) in points {
            try expect(auth0 { $0[1].value = point }, .wrongData, row)
        }
        for version in [[0x03, 0x00], [0x01, 0x01], [0x00, 0x00]] as [[UInt8]] {
            try expect(auth0 { $0[0].value = version }, .wrongData, "version \(version.hex)")
        }
    }

    @Test func `any order and unknown objects are accepted`() throws {
        try expect(auth0 { $0.reverse() }, .done, "reversed")
        try expect(auth0 { $0.insert(TLV(0x9F, [1]), at: 1) }, .wrongData, "a broken tag")
        try expect(auth0 { $0.insert(TLV(0x9F33, [1]), at: 1) }, .done, "two-byte tag")
        try expect(auth0 { $0.append(TLV(0xC5, [UInt8]())) }, .done, "one-byte tag")
    }

    @Test func `AUTH0 is cut off at every byte without an answer that says more`() throws {
        let command = auth0 { _ in }
        for count in 5..<command.count - 1 {
            try expect(Array(command.prefix(count)), .wrongLength, "\(count) bytes")
        }
        let data = objects.encoded
        for count in 1..<data.count {
            let cut = CommandAPDU(
                cla: 0x80, ins: Instruction.auth0, p2: 1, data: Array(data.prefix(count)))
            try expect(cut.encoded, .wrongData, "\(count) bytes of data")
        }
    }

    @Test func `AUTH1 wants exactly one signature`() throws {
        let signature = [UInt8](repeating: 0x11, count: 64)
        let rows: [(String, [UInt8], StatusWord)] = [
            ("wrong signature", [0x9E, 0x40] + signature, .notAuthenticated),
            ("zeros", [0x9E, 0x40] + [UInt8](repeating: 0, count: 64), .notAuthenticated),
            ("another tag", [0x9D, 0x40] + signature, .wrongData),
            ("short", [0x9E, 0x3F] + signature.dropLast(), .wrongData),
            ("long", [0x9E, 0x41] + signature + [0], .wrongData),
            ("followed by more", [0x9E, 0x40] + signature + [0x57, 0x00], .wrongData),
            ("long form of the length", [0x9E, 0x81, 0x40] + signature, .wrongData),
            ("nothing", [], .wrongData),
        ]
        for (row, data, status) in rows {
            var (phone, _) = try selected()
            _ = phone.respond(to: auth0 { _ in }, at: TestWorld.noon)
            let command = CommandAPDU(cla: 0x80, ins: Instruction.auth1, data: data).encoded
            let answer = phone.respond(to: command, at: TestWorld.noon)
            #expect(answer == status.bytes, "\(row)")
            // Whatever was wrong, the transaction is over.
            #expect(phone.respond(to: command, at: TestWorld.noon) == [0x69, 0x85], "\(row)")
        }
    }

    @Test func `suspended, terminated, unknown and too old all end in 6982`() throws {
        let rows: [(String, (inout PhoneCard, KeyID) throws -> Void, (inout [TLV]) -> Void)] = [
            ("unknown vehicle", { _, _ in }, { $0[3].value = [UInt8](1...8) }),
            ("suspended", { phone, key in try phone.element.suspend(key) }, { _ in }),
            (
                "terminated",
                { phone, key in
                    _ = try phone.element.terminate(key, reason: .user, at: TestWorld.noon)
                }, { _ in }
            ),
            // The key is for 0200; the car has chosen less than that.
            ("too old", { _, _ in }, { $0[0].value = [0x01, 0x00] }),
        ]
        let usual = try answers(isCar: false)
        #expect(usual.map(\.count) == [67 + 18 + 2, 2] && usual[1] == [0x69, 0x82])
        for (row, arrange, change) in rows {
            for isCar in [true, false] {
                let answers = try answers(isCar: isCar, arrange, change)
                #expect(answers.map(\.count) == usual.map(\.count), "\(row)")
                #expect(answers[1] == [0x69, 0x82], "\(row)")
            }
        }
        // Nothing but the row was wrong.
        #expect(try answers(isCar: true)[1].suffix(2) == [0x90, 0x00])
    }

    /// What the phone says to a fast AUTH0 and to AUTH1, signed by its car or by a stranger.
    private func answers(
        isCar: Bool, _ arrange: (inout PhoneCard, KeyID) throws -> Void = { _, _ in },
        _ change: (inout [TLV]) -> Void = { _ in }
    ) throws -> [[UInt8]] {
        var (phone, key) = try selected()
        try arrange(&phone, key)
        var objects = objects
        change(&objects)
        let auth0 = CommandAPDU(
            cla: 0x80, ins: Instruction.auth0, p1: 1, p2: 1, data: objects.encoded)
        let first = phone.respond(to: auth0.encoded, at: TestWorld.noon)
        let input = try signatureInput(auth0, first)
        let signer = isCar ? world.vehicle : PrivateKey.generate(world.random, for: "stranger")
        let auth1 = Auth1Response.command(signature: try signer.signature(for: input))
        return [first, phone.respond(to: auth1.encoded, at: TestWorld.noon)]
    }

    /// What vehicle_sig is over, also for a vehicle the phone does not know.
    private func signatureInput(_ auth0: CommandAPDU, _ answer: [UInt8]) throws -> [UInt8] {
        let asked = try Auth0Command(parsing: auth0.data)
        let point = try Auth0Response(parsing: Array(answer.dropLast(2))).endpointEphemeral
        return TransactionTranscript(
            vehicleEphemeral: ephemeral.publicKey, endpointEphemeral: try PublicKey(point),
            transactionId: asked.transactionId, flag: [auth0.p1, auth0.p2],
            version: asked.version.bytes, phoneVersions: [], vehicleId: asked.vehicleId
        ).signatureInput(usage: .vehicle)
    }

    @Test func `EXCHANGE under keys nobody has is 6988, and 6985 where none can be`() throws {
        let exchange = CommandAPDU(
            cla: 0x84, ins: Instruction.exchange, data: [UInt8](repeating: 5, count: 24)
        ).encoded
        for isFast in [true, false] {
            var (phone, _) = try selected()
            let auth0 = CommandAPDU(
                cla: 0x80, ins: Instruction.auth0, p1: isFast ? 1 : 0, p2: 1, data: objects.encoded)
            _ = phone.respond(to: auth0.encoded, at: TestWorld.noon)
            let expected = isFast ? StatusWord.channel : .conditionsNotMet
            #expect(phone.respond(to: exchange, at: TestWorld.noon) == expected.bytes)
            // Both options are gone.
            let auth1 = Auth1Response.command(signature: [UInt8](repeating: 0x22, count: 64))
            #expect(phone.respond(to: auth1.encoded, at: TestWorld.noon) == [0x69, 0x85])
        }
    }
}
