// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

/// What a shared key is made of when the car is not of the usual kind (PROTOCOL 7.6, 7.7, 8.9).
@Suite("Sharing a key of an unusual car")
struct SharingOptionsTests {
    let world: TestWorld

    init() throws { world = try TestWorld() }

    @Test(
        arguments: [
            (0x8F03, 0x8F02), (0x8F01, 0x8F00), (0x8F07, 0x8F06), (0x9F0B, 0x9F0A),
            (0x0F05, 0x8F04),
        ] as [(UInt16, UInt16)])
    func `a shared key is asked for what the car asks of its owner, and may not share`(
        owner: UInt16, friend: UInt16
    ) throws {
        let options = try KeyOptions(parsing: owner.bigEndianBytes)
        #expect(KeyOptions.friend(of: options).bytes == friend.bigEndianBytes)
    }

    @Test func `a car without tokens shares keys without tokens`() throws {
        var (alice, key) = try world.owner {
            $0.options = KeyOptions(0x8F, 0x01)
            $0.confidentialBytes = []
        }
        var bob = try world.phone("bob")
        let request = try alice.share(key, world.offer())
        let signing = try bob.accept(request, at: TestWorld.noon)
        let package = try alice.sign(signing, slot: request.slotId, of: key, at: TestWorld.noon)
        #expect(package.encToken == nil)
        #expect(try bob.importKey(package) == package.attestation.friendKeyId)
    }

    @Test func `a signature that cannot be made costs neither slot nor consent`() throws {
        // A car that asks for tokens and has no room for those of shared keys.
        var (alice, key) = try world.owner {
            $0.confidentialBytes = [UInt8](repeating: 1, count: 16)
        }
        var bob = try world.phone("bob")
        let request = try alice.share(key, world.offer())
        let signing = try bob.accept(request, at: TestWorld.noon)
        let before = alice.snapshot
        #expect(throws: PhoneError.mismatch("no token for this slot")) {
            try alice.sign(signing, slot: request.slotId, of: key, at: TestWorld.noon)
        }
        #expect(alice.snapshot == before)
    }

    @Test func `a code is not offered for a car that takes none`() throws {
        for (length, isPossible) in [(0, false), (6, true), (nil, true)] as [(UInt8?, Bool)] {
            var (alice, key) = try world.owner(
                configuration: DeviceConfiguration(activationCodeLength: length))
            let offer = world.offer(code: "123456")
            #expect(((try? alice.share(key, offer)) != nil) == isPossible)
            _ = try alice.share(key, world.offer())
        }
    }
}
