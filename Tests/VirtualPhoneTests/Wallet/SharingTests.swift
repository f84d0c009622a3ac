// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

@Suite("Sharing")
struct SharingTests {
    let world: TestWorld

    init() throws { world = try TestWorld() }

    @Test func `a shared key is active, has its token and its package`() throws {
        var (alice, owner) = try world.owner()
        var bob = try world.phone("bob")
        let key = try world.share(from: &alice, owner, to: &bob)
        #expect(bob.element.phase(of: key) == .active)
        let mailbox = try bob.element.privateMailbox(of: key)
        #expect(mailbox.first == SignalingBits.package.rawValue)
        #expect(try bob.element.confidentialMailbox(of: key).prefix(16).allSatisfy { $0 == 2 })
        #expect(alice.state.shares.map(\.friend) == [key])
    }

    @Test func `sharing clears the slot bit and asks for a refill`() throws {
        var (alice, owner) = try world.owner()
        var bob = try world.phone("bob")
        _ = try world.share(from: &alice, owner, to: &bob)
        #expect(try alice.element.privateMailbox(of: owner).prefix(2) == [0x01, 0xFD])
    }

    @Test func `several offers take different slots`() throws {
        var (alice, owner) = try world.owner()
        var positions: [UInt8] = []
        for _ in 2...8 {
            positions.append(try alice.share(owner, world.offer()).slotId.position)
        }
        #expect(positions == [2, 3, 4, 5, 6, 7, 8])
        #expect(throws: PhoneError.noSlotLeft) { try alice.share(owner, world.offer()) }
        try alice.withdrawShare(owner, slot: SlotID(generation: 0, position: 5))
        #expect(try alice.share(owner, world.offer()).slotId.position == 5)
    }

    @Test func `a consent signs once, also for another friend and after a restart`() throws {
        var (alice, owner) = try world.owner()
        var bob = try world.phone("bob")
        var carol = try world.phone("carol")
        let request = try alice.share(owner, world.offer())
        let first = try bob.accept(request, at: TestWorld.noon)
        let second = try carol.accept(request, at: TestWorld.noon)
        _ = try alice.sign(first, slot: request.slotId, of: owner, at: TestWorld.noon)
        alice.restart()
        #expect(throws: PhoneError.noConsent) {
            try alice.sign(second, slot: request.slotId, of: owner, at: TestWorld.noon)
        }
    }

    @Test func `a friend's chain that does not lead to the automaker is refused`() throws {
        var (alice, owner) = try world.owner()
        let request = try alice.share(owner, world.offer())
        var bob = try world.phone("bob")
        let signing = try bob.accept(request, at: TestWorld.noon)
        var broken = signing
        broken.externalCA = try otherPhoneMaker()
        #expect(throws: PhoneError.self) {
            try alice.sign(broken, slot: request.slotId, of: owner, at: TestWorld.noon)
        }
        // A refusal leaves the consent for the right answer.
        _ = try alice.sign(signing, slot: request.slotId, of: owner, at: TestWorld.noon)
    }

    @Test func `a friend's chain issued under another name than the automaker's is refused`() throws
    {
        var (alice, owner) = try world.owner()
        let request = try alice.share(owner, world.offer())
        var bob = try world.phone("bob")
        var signing = try bob.accept(request, at: TestWorld.noon)
        let cross = CertificateRequest(
            .externalCA, for: world.deviceRoot.publicKey, named: "Test Phone Maker",
            notBefore: TestWorld.noon, notAfter: .noEnd)
        func externalCA(by name: String) throws -> [UInt8] {
            try CertificateIssuer(name: name, key: world.automakerRoot)
                .certificate(cross, random: world.random).der
        }
        signing.externalCA = try externalCA(by: "Another")
        #expect(throws: PhoneError.self) {
            try alice.sign(signing, slot: request.slotId, of: owner, at: TestWorld.noon)
        }
        signing.externalCA = try externalCA(by: "Test Automaker")
        _ = try alice.sign(signing, slot: request.slotId, of: owner, at: TestWorld.noon)
    }

    @Test func `an encryption key that is not the friend's is refused`() throws {
        var (alice, owner) = try world.owner()
        let request = try alice.share(owner, world.offer())
        var bob = try world.phone("bob")
        var signing = try bob.accept(request, at: TestWorld.noon)
        signing.encryptionPK = world.server.publicKey
        #expect(throws: PhoneError.object(.signature)) {
            try alice.sign(signing, slot: request.slotId, of: owner, at: TestWorld.noon)
        }
        #expect(try alice.element.privateMailbox(of: owner)[1] == 0xFF)
    }

    @Test func `an answer to another request is refused`() throws {
        var (alice, owner) = try world.owner()
        let first = try alice.share(owner, world.offer())
        let second = try alice.share(owner, world.offer())
        var bob = try world.phone("bob")
        let signing = try bob.accept(first, at: TestWorld.noon)
        #expect(throws: PhoneError.self) {
            try alice.sign(signing, slot: second.slotId, of: owner, at: TestWorld.noon)
        }
    }

    @Test func `an activation code is proved to the car only`() throws {
        var (alice, owner) = try world.owner()
        let request = try alice.share(owner, world.offer(code: "123456"))
        #expect(request.needsActivation)
        var bob = try world.phone("bob")
        let signing = try bob.accept(request, at: TestWorld.noon)
        let package = try alice.sign(signing, slot: request.slotId, of: owner, at: TestWorld.noon)
        let tag = try activationTag(
            ltss: [UInt8](repeating: 7, count: 16), code: "123456",
            nonce: package.attestation.nonce)
        #expect(package.attestation.activationTag == tag)
    }

    @Test(arguments: ["", "12345", "1234567", "12345a", "１２３４５６"])
    func `an activation code is six digits`(_ code: String) throws {
        var (alice, owner) = try world.owner()
        #expect(throws: PhoneError.self) { try alice.share(owner, world.offer(code: code)) }
    }

    @Test func `an owner key is not shared on`() throws {
        var (alice, owner) = try world.owner()
        #expect(throws: PhoneError.self) { try alice.share(owner, world.offer(.owner)) }
    }

    @Test func `a friend cannot share`() throws {
        var (alice, owner) = try world.owner()
        var bob = try world.phone("bob")
        let key = try world.share(from: &alice, owner, to: &bob)
        #expect(throws: PhoneError.mayNotShare) { try bob.share(key, world.offer()) }
    }

    @Test func `a second key for the same vehicle is refused`() throws {
        var (alice, owner) = try world.owner()
        var bob = try world.phone("bob")
        _ = try world.share(from: &alice, owner, to: &bob)
        let request = try alice.share(owner, world.offer())
        #expect(throws: PhoneError.alreadyHasKey(world.vehicleId)) {
            try bob.accept(request, at: TestWorld.noon)
        }
    }

    @Test func `a request of a foreign car is refused and nothing is made`() throws {
        var (alice, owner) = try world.owner()
        var request = try alice.share(owner, world.offer())
        var bob = try world.phone("bob")
        let before = bob.snapshot
        request.authorizedPKs = [world.server.publicKey]
        #expect(throws: PhoneError.automakerUnknown) {
            try bob.accept(request, at: TestWorld.noon)
        }
        request.authorizedPKs = [world.automakerRoot.publicKey]
        request.vehicleId = VehicleID(uncheckedBytes: [UInt8](repeating: 1, count: 8))
        #expect(throws: PhoneError.self) { try bob.accept(request, at: TestWorld.noon) }
        #expect(bob.snapshot == before)
    }

    @Test func `a friend's phone refuses what only an owner may have`() throws {
        var (alice, owner) = try world.owner()
        let request = try alice.share(owner, world.offer())
        var bob = try world.phone("bob")
        for change: (inout KeyCreationRequest) -> Void in [
            { $0.keyConfig.profile = .owner }, { $0.endpointOptions = [0x8F, 0x03] },
            { $0.endpointOptions = [0x87, 0x02] },
            { $0.slotId = SlotID(generation: 0, position: 1) },
            { $0.mailboxMap = [] }, { $0.deviceConfig = [0x82] },
            { $0.appletVersions = [0x03, 0x00] }, { $0.privateSize = 16 },
        ] {
            var changed = request
            change(&changed)
            #expect(throws: PhoneError.self) { try bob.accept(changed, at: TestWorld.noon) }
        }
        #expect(bob.element.keyIds.isEmpty)
    }

    @Test func `a package is imported once, by the key it names, with its token`() throws {
        var (alice, owner) = try world.owner()
        var bob = try world.phone("bob")
        let request = try alice.share(owner, world.offer())
        let signing = try bob.accept(request, at: TestWorld.noon)
        let package = try alice.sign(signing, slot: request.slotId, of: owner, at: TestWorld.noon)
        var carol = try world.phone("carol")
        #expect(throws: PhoneError.unknownKey) { try carol.importKey(package) }
        var bare = package
        bare.encToken = nil
        #expect(throws: PhoneError.self) { try bob.importKey(bare) }
        var flipped = package
        flipped.encToken?[100] ^= 1
        #expect(throws: PhoneError.crypto(.mac)) { try bob.importKey(flipped) }
        let key = try bob.importKey(package)
        #expect(throws: PhoneError.wrongPhase(.active)) { try bob.importKey(package) }
        #expect(bob.element.phase(of: key) == .active)
    }

    @Test func `a key that is not imported can be declined`() throws {
        var (alice, owner) = try world.owner()
        var bob = try world.phone("bob")
        let before = bob.snapshot
        let request = try alice.share(owner, world.offer())
        _ = try bob.accept(request, at: TestWorld.noon)
        let key = try #require(bob.element.keyIds.first)
        bob.restart()
        #expect(bob.element.phase(of: key) == .creating)
        try bob.declineKey(key)
        #expect(bob.snapshot == before)
    }

    private func otherPhoneMaker() throws -> [UInt8] {
        try CertificateIssuer(
            name: "Somebody", key: .generate(world.random, for: "somebody")
        ).certificate(
            CertificateRequest(
                .externalCA, for: world.deviceRoot.publicKey, named: "Test Phone Maker",
                notBefore: TestWorld.noon, notAfter: .noEnd), random: world.random
        ).der
    }
}
