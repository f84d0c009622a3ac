// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

/// The three messages of PROTOCOL 12.3, cut and flipped on their way.
@Suite("Sharing over a bad line")
struct SharingFaultTests {
    let world: TestWorld
    private let owner: KeyID
    /// Both phones after the answer to the request, with the messages that were sent.
    private let alice, bob: PhoneCard
    private let request: KeyCreationRequest
    private let signing: KeySigningRequest

    init() throws {
        world = try TestWorld()
        var (alice, owner) = try world.owner()
        var bob = try world.phone("bob")
        request = try alice.share(owner, world.offer())
        signing = try bob.accept(request, at: TestWorld.noon)
        (self.alice, self.bob, self.owner) = (alice, bob, owner)
    }

    private func sign(_ signing: KeySigningRequest) throws -> (PhoneCard, ImportRequest) {
        var alice = alice
        let package = try alice.sign(
            signing, slot: request.slotId, of: owner, at: TestWorld.noon)
        return (alice, package)
    }

    @Test func `a message cut at any byte is not read`() throws {
        let (_, package) = try sign(signing)
        func expectUnread(_ name: String, _ der: [UInt8], _ parse: ([UInt8]) throws -> Void) {
            for count in 0..<der.count {
                #expect(throws: PKIError.self, "\(name): \(count) bytes") {
                    try parse(Array(der.prefix(count)))
                }
            }
        }
        expectUnread("request", request.encoded) { _ = try KeyCreationRequest(parsing: $0) }
        expectUnread("answer", signing.encoded) { _ = try KeySigningRequest(parsing: $0) }
        expectUnread("package", package.encoded) { _ = try ImportRequest(parsing: $0) }
    }

    @Test func `what a message carries cut at any byte is refused, and nothing is made of it`()
        throws
    {
        let (_, package) = try sign(signing)
        let token = try #require(package.encToken)
        for count in 0..<token.count {
            var (bob, cut) = (bob, package)
            cut.encToken = Array(token.prefix(count))
            #expect(throws: PhoneError.self, "token of \(count) bytes") { try bob.importKey(cut) }
            #expect(bob.snapshot == self.bob.snapshot)
        }
        for count in 0..<request.vehicleCertificate.count {
            var (carol, cut) = (try world.phone("carol"), request)
            cut.vehicleCertificate = Array(request.vehicleCertificate.prefix(count))
            #expect(throws: PhoneError.self, "[K] of \(count) bytes") {
                try carol.accept(cut, at: TestWorld.noon)
            }
            #expect(carol.element.keyIds.isEmpty && carol.state.keys.isEmpty)
        }
    }

    @Test func `an answer with a byte changed anywhere is not signed`() throws {
        let der = signing.encoded
        for place in der.indices {
            guard let changed = try? KeySigningRequest(parsing: der.flipping(8 * place + place % 8))
            else { continue }
            var alice = alice
            #expect(throws: PhoneError.self, "byte \(place)") {
                try alice.sign(changed, slot: request.slotId, of: owner, at: TestWorld.noon)
            }
            #expect(alice.snapshot == self.alice.snapshot)
        }
    }

    @Test func `a package with a byte changed anywhere opens nothing`() throws {
        var (car, alice, owner) = try JoinedCar.paired(world)
        var bob = try world.phone("bob")
        let request = try alice.share(owner, world.offer())
        let signing = try bob.accept(request, at: TestWorld.noon)
        let package = try alice.sign(
            signing, slot: request.slotId, of: owner, at: TestWorld.noon
        ).encoded
        var arrived = 0
        for place in package.indices {
            let flipped = package.flipping(8 * place + place % 8)
            guard let changed = try? ImportRequest(parsing: flipped) else { continue }
            var (car, bob) = (car, bob)
            guard (try? bob.importKey(changed)) != nil else { continue }
            // Only the car can tell whose word it is.
            arrived += 1
            let outcome = try car.tap(&bob, .transaction(.unlock))
            #expect(
                outcome.result
                    == .refused(
                        ControlFlow.Hint.attestationRefused.sentence, .attestationRefused),
                "byte \(place)")
        }
        #expect(arrived >= 64, "the signature alone has 64 bytes")
        try bob.importKey(ImportRequest(parsing: package))
        #expect(try car.tap(&bob, .transaction(.unlock)).result == .unlocked(.all))
    }
}
