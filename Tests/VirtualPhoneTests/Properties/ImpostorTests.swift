// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import Testing

@testable import VirtualPhone

/// Everything of a phone or of a car but the private key: who has that is nobody, and leaves no trace.
@Suite struct ImpostorTests {
    private static let flows = Flow.names.filter {
        !["pairing again", "a second owner"].contains($0)
    }
    private static let thief = PrivateKey.generate(
        ScriptedRandom(seed: "thief").source, for: "thief.SK")

    /// A flow with a key in it: of owner pairing the part that follows phase 2.
    private static func flow(
        _ name: String
    ) throws -> (record: VehicleRecord, phone: PhoneCard, purpose: ReaderSession.Purpose) {
        let flow = try Flow.named(name)
        var tap = try flow.conversation()
        while flow.key == nil, tap.phone.isPairing || tap.phone.element.keyIds.isEmpty {
            tap.advance()
            guard !tap.isOver else { throw Conversation.DoesNotEnd() }
        }
        return (tap.record, tap.phone, flow.purpose)
    }

    @Test(arguments: flows, [true, false])
    func `a phone without the private key opens nothing`(
        _ name: String, knowsSecret: Bool
    ) throws {
        let flow = try Self.flow(name)
        // What a phone knows that could read the mailboxes: Kpersistent then is a guess.
        var snapshot = flow.phone.snapshot
        snapshot.secureElement.endpoints = snapshot.secureElement.endpoints.map {
            $0.with(Self.thief)
        }
        snapshot.secureElement.persistentKeys = snapshot.secureElement.endpoints.map {
            PersistentKey(
                keyId: $0.keyId, secret: PersistentSecret([UInt8](repeating: 1, count: 32)))
        }
        if !knowsSecret { snapshot.secureElement.persistentKeys = [] }
        let phone = PhoneCard(snapshot: snapshot, random: ScriptedRandom(seed: "thief").source)
        for purpose in [flow.purpose, .transaction(.unlock), .dashboard] {
            var tap = try Conversation(
                flow.record, phone, purpose, at: TestWorld.noon,
                random: ScriptedRandom(seed: name).source)
            try tap.run()
            let outcome = try #require(tap.outcome)
            #expect(!outcome.isSuccess, "\(purpose): \(outcome)")
            #expect(tap.saved.isEmpty && tap.facts.isEmpty, "\(purpose): the car learned something")
        }
    }

    @Test(arguments: flows)
    func `a car without the private key learns and changes nothing`(_ name: String) throws {
        let flow = try Self.flow(name)
        var record = flow.record
        record.identity.privateKey = Self.thief
        record.keys = record.keys.map { key in
            var key = key
            key.kpersistent = PersistentSecret([UInt8](repeating: 1, count: 32))
            return key
        }
        for purpose in [flow.purpose, .transaction(.unlock), .dashboard] {
            var tap = try Conversation(
                record, flow.phone, purpose, at: TestWorld.noon,
                random: ScriptedRandom(seed: name).source)
            try tap.run()
            #expect(tap.outcome?.isSuccess == false)
            #expect(
                tap.phone.snapshot == flow.phone.snapshot, "\(purpose): the phone is another one")
            let proven = tap.events.filter { event in
                if case .transaction = event { true } else { false }
            }
            #expect(proven.isEmpty, "\(purpose): the phone proved its key")
        }
    }
}

extension Endpoint {
    /// The same endpoint around another private key.
    fileprivate func with(_ key: PrivateKey) -> Endpoint {
        var endpoint = Endpoint(
            keyId: keyId, origin: origin, phase: phase, description: description,
            mapping: mapping, privateKey: key, mailboxes: mailboxes)
        endpoint.hasToken = hasToken
        return endpoint
    }
}
