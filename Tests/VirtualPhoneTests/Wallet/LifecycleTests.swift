// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

@Suite("Life of a key")
struct LifecycleTests {
    let world: TestWorld

    init() throws { world = try TestWorld() }

    /// What each wish makes of each phase; none = refused.
    static let edges: [(KeyPhase, String, KeyPhase?)] = [
        (.creating, "suspend", nil), (.creating, "resume", nil), (.creating, "terminate", nil),
        (.active, "suspend", .suspended), (.active, "resume", nil),
        (.active, "terminate", .terminated), (.active, "delete", nil),
        (.suspended, "suspend", nil), (.suspended, "resume", .active),
        (.suspended, "terminate", .terminated), (.suspended, "delete", nil),
        (.terminated, "suspend", nil), (.terminated, "resume", nil),
    ]

    @Test(arguments: edges)
    func `only the edges of the life cycle exist`(
        _ from: KeyPhase, _ wish: String, _ to: KeyPhase?
    ) throws {
        var (phone, key) = try world.owner()
        var endpoint = try phone.element.endpoint(key)
        endpoint.phase = from
        phone.element.update(endpoint)
        do {
            switch wish {
            case "suspend": try phone.suspendKey(key)
            case "resume": try phone.resumeKey(key)
            case "terminate": try phone.terminateKey(key, reason: .user, at: TestWorld.noon)
            default: try phone.deleteKey(key)
            }
            #expect(phone.element.phase(of: key) == to)
        } catch {
            #expect(error == .wrongPhase(from))
            #expect(to == nil)
            #expect(phone.element.phase(of: key) == from)
        }
    }

    @Test func `a termination is signed once and quotes the automaker's area`() throws {
        var (phone, key) = try world.owner()
        let publicKey = try phone.element.publicKey(of: key)
        try phone.retire([SlotID(generation: 0, position: 3)], with: key)
        let first = try phone.terminateKey(key, reason: .owner, at: TestWorld.noon)
        #expect(first.isSigned(by: publicKey))
        #expect(first.oemData.starts(with: [0xC1, 0x02, 0x00, 0x03]))
        #expect(first.oemData.count == 46)
        phone.restart()
        let again = try phone.terminateKey(
            key, reason: .user, at: TestWorld.noon.adding(seconds: 60))
        #expect(again == first)
        try phone.deleteKey(key)
        #expect(phone.element.phase(of: key) == nil)
        #expect(
            try phone.terminateKey(key, reason: .user, at: TestWorld.noon) == first)
    }

    @Test func `a wiped phone holds nothing`() throws {
        var (phone, key) = try world.owner()
        let terminations = try phone.wipe(at: TestWorld.noon)
        #expect(terminations.map(\.keyId) == [key])
        #expect(terminations.map(\.reason) == [.deviceWiped])
        #expect(phone.element.state == SecureElement.State())
        #expect(phone.state.keys.isEmpty && phone.state.automakers.isEmpty)
    }

    @Test func `a receipt goes into the mailbox with its bit`() throws {
        var (phone, key) = try world.owner()
        let receipt = try receipt(for: key)
        try phone.storeReceipt(receipt, for: key)
        let mailbox = try phone.element.privateMailbox(of: key)
        #expect(mailbox.first == SignalingBits.receipt.rawValue)
        let area = mailbox.dropFirst(0x40)
        #expect(area.prefix(2) == UInt16(receipt.encoded.count).bigEndianBytes[...])
        #expect(area.dropFirst(2).starts(with: receipt.encoded))
        #expect(try phone.state.key(key).receipt == receipt.encoded)
    }

    @Test func `a receipt of another key or by a stranger is refused`() throws {
        var (phone, key) = try world.owner()
        let stranger = PrivateKey.generate(world.random, for: "stranger")
        #expect(throws: PhoneError.self) {
            try phone.storeReceipt(receipt(for: key, by: stranger), for: key)
        }
        let other = stranger.publicKey.keyId
        #expect(throws: PhoneError.self) {
            try phone.storeReceipt(receipt(for: other), for: key)
        }
        #expect(try phone.element.privateMailbox(of: key).first == 0)
    }

    @Test func `a retire list grows up to twenty slots and never holds the owner's`() throws {
        var (phone, key) = try world.owner()
        for generation in UInt8(0)..<20 {
            try phone.retire([SlotID(generation: generation, position: 2)], with: key)
        }
        #expect(throws: PhoneError.full) {
            try phone.retire([SlotID(generation: 20, position: 2)], with: key)
        }
        #expect(throws: PhoneError.self) {
            try phone.retire([SlotID(generation: 0, position: 1)], with: key)
        }
        let mailbox = try phone.element.privateMailbox(of: key)
        #expect(mailbox.first == SignalingBits.dataForCar.rawValue)
        #expect(mailbox.dropFirst(0x12).prefix(2) == [0xC1, 40])
    }

    @Test func `a command of the server is carried out once`() throws {
        var (phone, key) = try world.owner()
        let suspend = try command(.suspend, key, second: 0, 1)
        #expect(try phone.carryOut(suspend, at: TestWorld.noon) == nil)
        #expect(phone.element.phase(of: key) == .suspended)
        _ = try phone.carryOut(command(.resume, key, second: 1, 2), at: TestWorld.noon)
        #expect(throws: PhoneError.replayed) { try phone.carryOut(suspend, at: TestWorld.noon) }
        #expect(phone.element.phase(of: key) == .active)
        let end = try command(.terminate, key, second: 2, 3)
        let first = try phone.carryOut(end, at: TestWorld.noon)
        #expect(first?.reason == .server)
        #expect(try phone.carryOut(end, at: TestWorld.noon) == first)
    }

    @Test func `a command by a stranger is refused`() throws {
        var (phone, key) = try world.owner()
        let stranger = PrivateKey.generate(world.random, for: "stranger")
        let forged = try command(.terminate, key, second: 0, 1, by: stranger)
        #expect(throws: PhoneError.self) { try phone.carryOut(forged, at: TestWorld.noon) }
        #expect(phone.element.phase(of: key) == .active)
    }

    @Test func `a stranger gets no proof of a key that has ended either`() throws {
        var (phone, key) = try world.owner()
        _ = try phone.carryOut(command(.terminate, key, second: 0, 1), at: TestWorld.noon)
        let stranger = PrivateKey.generate(world.random, for: "stranger")
        let unknown = try command(.terminate, key, second: 1, 2, by: stranger)
        #expect(throws: PhoneError.self) { try phone.carryOut(unknown, at: TestWorld.noon) }
        let signed = try command(.terminate, key, second: 1, 2)
        let forged = try ServerCommand(
            body: signed.body, signature: [UInt8](repeating: 1, count: 64))
        #expect(throws: PhoneError.object(.signature)) {
            try phone.carryOut(forged, at: TestWorld.noon)
        }
        #expect(try phone.carryOut(signed, at: TestWorld.noon)?.reason == .server)
    }

    @Test func `the owner ends a friend's key from afar`() throws {
        var (alice, owner) = try world.owner()
        var bob = try world.phone("bob")
        let key = try world.share(from: &alice, owner, to: &bob)
        let request = try alice.request(.terminate, for: key, by: owner, at: TestWorld.noon)
        let ownerKey = try alice.element.publicKey(of: owner)
        let stranger = PrivateKey.generate(world.random, for: "stranger").publicKey
        #expect(throws: PhoneError.self) {
            try bob.carryOut(request, requester: stranger, at: TestWorld.noon)
        }
        let termination = try bob.carryOut(request, requester: ownerKey, at: TestWorld.noon)
        #expect(termination?.reason == .owner)
        #expect(bob.element.phase(of: key) == .terminated)
        #expect(throws: PhoneError.self) {
            try bob.carryOut(request, requester: stranger, at: TestWorld.noon)
        }
        #expect(
            try bob.carryOut(request, requester: ownerKey, at: TestWorld.noon) == termination)
    }

    @Test func `a snapshot survives JSON and shows no secret`() throws {
        let (phone, key) = try world.owner()
        let scalar = try phone.element.endpoint(key).privateKey.scalar.hex
        let saved = try JSONCoding.encode(phone.snapshot)
        #expect(saved.contains(scalar))
        #expect(try JSONCoding.decode(PhoneCard.Snapshot.self, saved) == phone.snapshot)
        var text = ""
        dump(phone, to: &text)
        text += String(describing: phone.snapshot) + String(reflecting: phone.element)
        #expect(!text.contains(scalar))
    }

    private func receipt(for key: KeyID, by signer: PrivateKey? = nil) throws -> KtsReceipt {
        let signer = signer ?? world.server
        return try KtsReceipt.signed(
            KtsReceiptBody(
                vehicleId: world.vehicleId, keyId: key,
                slotId: SlotID(generation: 0, position: 1), time: TestWorld.noon,
                ktsKeyId: signer.publicKey.keyId), by: signer)
    }

    private func command(
        _ action: ServerAction, _ key: KeyID, second: Int64, _ id: UInt8,
        by signer: PrivateKey? = nil
    ) throws -> ServerCommand {
        let signer = signer ?? world.server
        return try ServerCommand.signed(
            ServerCommandBody(
                action: action, vehicleId: world.vehicleId, keyId: key,
                time: TestWorld.noon.adding(seconds: second),
                serverKeyId: signer.publicKey.keyId,
                requestId: [UInt8](repeating: id, count: 16)), by: signer)
    }
}
