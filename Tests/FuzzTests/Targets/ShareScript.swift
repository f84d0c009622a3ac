// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI

@testable import VirtualPhone

/// An owner shares with two friends through a relay that changes, doubles, exchanges and keeps what
/// it carries; a friend's phone may be dishonest and write what it likes under the secret.
///
/// `{ action(1) ... }*`: the low five bits say what, the high ones how bytes are changed.
struct ShareScript {
    /// One mailbox, and what was in it before.
    private struct Mailbox {
        let slot: SlotID
        let config: KeyConfig
        let secret: [UInt8]
        var payload: RelayPayload
        var earlier: [RelayPayload] = []
        /// What both ends wrote, and nobody else.
        var contents: [RelayContent]
        /// Whether nobody ever touched it.
        var isUntouched = true
        /// The owner's phone looks no more.
        var isWithdrawn = false
    }

    private var input: FuzzInput
    private var record = FuzzWorld.shared.car
    private var owner = FuzzWorld.shared.owner
    private var friends = [FuzzWorld.shared.stranger, FuzzWorld.shared.guest]
    private var boxes: [Mailbox] = []
    private var signed: [Attestation] = []
    private let key = FuzzWorld.shared.ownerKey
    private let random = FuzzRandom(seed: "relay").source
    private static let noon = FuzzWorld.noon

    init(_ bytes: [UInt8]) { input = FuzzInput(bytes) }

    mutating func run() throws {
        for _ in 0..<60 where !input.isAtEnd { try step(input.byte()) }
        for index in friends.indices { try tap(index) }
        try require(Set(signed.map(\.slotId)).count == signed.count, "a slot was signed for twice")
        try require(
            owner.state.shares.map(\.slotId) == signed.map(\.slotId), "shares are not those signed")
        let outcome = try FuzzWorld.tap(&record, &owner, .transaction(.unlock))
        try require(outcome.result == .unlocked(.all), "the owner is locked out: \(outcome)")
    }

    private mutating func step(_ action: UInt8) throws {
        switch action & 0x1F {
        case 0: try offer()
        case 1: try withBox { try $0.accept($1) }
        case 2: try withBox { try $0.sign($1) }
        case 3: try withBox { try $0.importKey($1) }
        case 4: try withBox { $0.relayChanges($1, action) }
        case 5:
            try withBox { script, index in
                guard let old = script.boxes[index].earlier.randomElement(by: &script.input) else {
                    return
                }
                script.replace(index, old)
            }
        case 6:
            try withBox { script, index in
                let other = Int(script.input.byte()) % script.boxes.count
                let payloads = (script.boxes[index].payload, script.boxes[other].payload)
                script.replace(index, payloads.1)
                script.replace(other, payloads.0)
            }
        case 7: try withBox { $0.insiderChanges($1, action) }
        case 8:
            try withBox { script, index in
                let slot = script.boxes[index].slot
                guard (try? script.owner.withdrawShare(script.key, slot: slot)) != nil else {
                    return
                }
                script.boxes[index].isWithdrawn = true
            }
        case 9:
            owner = PhoneCard(snapshot: owner.snapshot, random: random)
            friends = friends.map { PhoneCard(snapshot: $0.snapshot, random: random) }
        case 10: try tap(Int(input.byte()) % friends.count)
        case 11: _ = try FuzzWorld.tap(&record, &owner, .dashboard)
        default: break
        }
    }

    private mutating func withBox(_ body: (inout ShareScript, Int) throws -> Void) throws {
        guard !boxes.isEmpty else { return }
        try body(&self, Int(input.byte()) % boxes.count)
    }

    // MARK: - Who is honest

    private mutating func offer() throws {
        let profiles: [Profile] = [.full, .accessOnly, .trunk, .limited, .valet]
        let choice = input.byte()
        let config = KeyConfig(
            profile: profiles[Int(choice & 7) % profiles.count], notBefore: FuzzWorld.begin,
            notAfter: choice & 8 == 0 ? nil : Self.noon.adding(seconds: 86_400))
        guard let request = try? owner.share(key, ShareOffer(keyConfig: config)) else { return }
        let secret = random.bytes(choice & 16 == 0 ? 16 : 32, for: "mailbox secret")
        let content = RelayContent.keyCreationRequest(request.encoded)
        boxes.append(
            Mailbox(
                slot: request.slotId, config: config, secret: secret,
                payload: try RelayPayload.seal(content, secret: secret, random: random),
                contents: [content]))
    }

    private mutating func accept(_ index: Int) throws {
        let friend = Int(input.byte()) % friends.count
        guard case .keyCreationRequest(let der) = try read(index),
            let request = try? KeyCreationRequest(parsing: der),
            let answer = try? friends[friend].accept(request, at: Self.noon)
        else { return }
        try write(.keySigningRequest(answer.encoded), to: index)
    }

    private mutating func sign(_ index: Int) throws {
        let before = owner.snapshot
        guard !boxes[index].isWithdrawn, case .keySigningRequest(let der) = try read(index),
            let request = try? KeySigningRequest(parsing: der)
        else { return }
        guard let result = try? owner.sign(request, slot: boxes[index].slot, of: key, at: Self.noon)
        else {
            return try require(owner.snapshot == before, "a refusal changed the owner's phone")
        }
        let attestation = result.attestation
        try require(attestation.slotId == boxes[index].slot, "another slot was signed")
        try require(attestation.keyConfig == boxes[index].config, "other rights were signed")
        try require(
            friends.contains { $0.element.phase(of: attestation.friendKeyId) != nil },
            "a key of no phone was signed")
        signed.append(attestation)
        try write(.importRequest(result.encoded), to: index)
    }

    private mutating func importKey(_ index: Int) throws {
        let friend = Int(input.byte()) % friends.count
        guard case .importRequest(let der) = try read(index),
            let request = try? ImportRequest(parsing: der)
        else { return }
        let before = friends[friend].snapshot
        guard let imported = try? friends[friend].importKey(request) else {
            return try require(
                friends[friend].snapshot == before, "a refusal changed the friend's phone")
        }
        guard boxes[index].isUntouched else { return }
        try require(
            signed.contains { $0.friendKeyId == imported }, "a key nobody signed was imported")
        let outcome = try tap(friend)
        let isOpen = if case .unlocked = outcome.result { true } else { false }
        try require(isOpen, "an untouched invitation does not open: \(outcome)")
    }

    /// Whoever opens the car has a key the owner signed, with the rights of the offer.
    @discardableResult
    private mutating func tap(_ friend: Int) throws -> Outcome {
        let outcome = try FuzzWorld.tap(&record, &friends[friend], .transaction(.unlock))
        if case .unlocked = outcome.result {
            guard let known = record.keys.first(where: { $0.keyId == outcome.keyId }),
                let attestation = signed.first(where: { $0.friendKeyId == outcome.keyId })
            else { throw FuzzFailure("opened for a key nobody signed") }
            try require(known.config == attestation.keyConfig, "the car gives other rights")
            try require(known.slotId == attestation.slotId, "the car keeps another slot")
        }
        return outcome
    }

    // MARK: - The relay and the secret

    /// What a phone reads; nothing that neither end wrote ever comes out.
    private func read(_ index: Int) throws -> RelayContent? {
        let box = boxes[index]
        guard let content = try? box.payload.open(secret: box.secret) else {
            try require(!box.isUntouched, "an untouched payload does not open")
            return nil
        }
        try require(box.contents.contains(content), "the relay wrote under the secret")
        return content
    }

    private mutating func write(_ content: RelayContent, to index: Int) throws {
        boxes[index].contents.append(content)
        boxes[index].earlier.append(boxes[index].payload)
        boxes[index].payload = try RelayPayload.seal(
            content, secret: boxes[index].secret, random: random)
    }

    private mutating func replace(_ index: Int, _ payload: RelayPayload) {
        boxes[index].isUntouched = boxes[index].isUntouched && payload == boxes[index].payload
        boxes[index].payload = payload
    }

    private mutating func relayChanges(_ index: Int, _ action: UInt8) {
        let sealed = Data(base64Encoded: boxes[index].payload.data) ?? Data()
        var payload = boxes[index].payload
        payload.data = Data(input.changed(Array(sealed), by: action)).base64EncodedString()
        replace(index, payload)
    }

    /// Who has the secret may write anything under it.
    private mutating func insiderChanges(_ index: Int, _ action: UInt8) {
        guard let content = try? boxes[index].payload.open(secret: boxes[index].secret) else {
            return
        }
        let changed: RelayContent =
            switch content {
            case .keyCreationRequest(let der): .keyCreationRequest(input.changed(der, by: action))
            case .keySigningRequest(let der): .keySigningRequest(input.changed(der, by: action))
            case .importRequest(let der): .importRequest(input.changed(der, by: action))
            case .cancel(let reason): .cancel(reason)
            }
        try? write(changed, to: index)
        boxes[index].isUntouched = false
    }
}

extension [RelayPayload] {
    fileprivate func randomElement(by input: inout FuzzInput) -> RelayPayload? {
        isEmpty ? nil : self[Int(input.byte()) % count]
    }
}
