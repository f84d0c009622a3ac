// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import VirtualPhone

/// What car and phone compute in a transaction; transport costs nothing here.
struct Computing {
    var primitives = Samples()
    /// Drive: with an EXCHANGE for the immobilizer token.
    var standard = Samples()
    /// Unlock: AUTH0 and AUTH1 alone.
    var plain = Samples()
    /// The same on the phone's side.
    var phone = Samples()
    /// Fast, by the number of keys the car holds; the last one matches.
    var fast: [(keys: Int, times: Samples)] = [1, 16, 32].map { ($0, Samples()) }

    init(_ scene: Scene, rounds: Int) throws {
        let (car, owner) = try scene.paired()
        let crowded = try fast.map { try Self.crowded(car, keys: $0.keys) }
        var forgetful = car
        forgetful.keys = car.keys.map { key in
            var key = key
            key.kpersistent = nil
            return key
        }
        var raw = try RawPrimitives()
        for round in -rounds / 10..<rounds {
            // Side by side, so that a busy machine slows all of them.
            let primitives = try raw.time()
            var phone = owner
            let standard = try JoinedTap(car, .transaction(.drive), with: &phone)
            try standard.expect(.standard)
            phone = owner
            let plain = try JoinedTap(forgetful, .transaction(.unlock), with: &phone)
            try plain.expect(.standard)
            for index in crowded.indices {
                phone = owner
                let tap = try JoinedTap(crowded[index], .transaction(.unlock), with: &phone)
                try tap.expect(.fast)
                if round >= 0 { fast[index].times.add(tap.carTime) }
            }
            guard round >= 0 else { continue }  // warming up
            self.primitives.add(primitives)
            self.standard.add(standard.carTime)
            self.plain.add(plain.carTime)
            self.phone.add(plain.phoneTime)
        }
    }

    var lines: [String] {
        [
            primitives.line("raw P-256: key, ECDH, sign, verify"),
            standard.line("standard transaction, drive, car only"),
            plain.line("standard transaction, unlock, car only"),
            phone.line("standard transaction, unlock, phone only"),
        ] + fast.map { $0.times.line("fast transaction, car only, \($0.keys) keys") }
    }

    var figures: [Figure] {
        [
            Figure(
                name: "standard transaction, drive, car / raw P-256 primitives",
                measured: standard.median / primitives.median, goal: 1.15, unit: "  "),
            Figure(
                name: "standard transaction, unlock, car / raw P-256 primitives",
                measured: plain.median / primitives.median, goal: 1.15, unit: "  "),
            Figure(
                name: "standard transaction, unlock, phone / raw P-256 primitives",
                measured: phone.median / primitives.median, goal: 1.15, unit: "  "),
            Figure(
                name: "fast transaction, car, 16 keys, the last one matches",
                measured: fast[1].times.median / 1000, goal: 0.2, unit: "ms"),
            Figure(
                name: "fast transaction, car, 32 keys / 1 key",
                measured: fast[2].times.median / fast[0].times.median, goal: 2, unit: "  "),
        ]
    }

    /// The car with other keys tried before that of the owner.
    private static func crowded(_ car: VehicleRecord, keys count: Int) throws -> VehicleRecord {
        var car = car
        let others = (1..<count).map { number in
            KeyRecord(
                slotId: SlotID(generation: UInt8(number), position: 2),
                publicKey: PrivateKey.generate(.system, for: "other").publicKey, version: .v0200,
                config: KeyConfig(
                    profile: .full, notBefore: car.configuration.ownerNotBefore),
                kpersistent: PersistentSecret(
                    RandomSource.system.bytes(32, for: "Kpersistent")))
        }
        car.keys.insert(contentsOf: others, at: 0)
        return car
    }
}

/// What no implementation of a standard transaction can do without: one key whose public half goes on
/// the wire, one agreement, one signature made and one checked, by swift-crypto.
private struct RawPrimitives {
    private let peer = P256.KeyAgreement.PrivateKey().publicKey
    private let signer = P256.Signing.PrivateKey()
    private let message = Data(repeating: 7, count: 128)
    /// Made in the round before: a check's time depends on its input, and no car sees one twice.
    private var signature: P256.Signing.ECDSASignature

    init() throws { signature = try signer.signature(for: message) }

    mutating func time() throws -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        let key = try P256.KeyAgreement.PrivateKey(
            rawRepresentation: RandomSource.system.bytes(32, for: "key"))
        let published = key.publicKey.x963Representation
        let shared = try key.sharedSecretFromKeyAgreement(with: peer)
        let made = try signer.signature(for: message)
        let isValid = signer.publicKey.isValidSignature(signature, for: message)
        let time = clock.now - start
        signature = made
        guard isValid, published.count == 65, made.rawRepresentation.count == 64,
            shared.withUnsafeBytes({ $0.count }) == 32
        else {
            throw BenchmarkError("the primitives failed")
        }
        return time
    }
}
