// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import VirtualPhone

/// What the car computes in a transaction; phone and transport cost nothing here.
struct CarComputing {
    var primitives = Samples()
    /// Drive: with an EXCHANGE for the immobilizer token.
    var standard = Samples()
    /// Unlock: AUTH0 and AUTH1 alone.
    var plain = Samples()
    var fast = Samples()

    init(_ scene: Scene, rounds: Int) throws {
        let (car, owner) = try scene.paired()
        let crowded = try Self.crowded(car, keys: 16)
        var forgetful = car
        forgetful.keys = car.keys.map { key in
            var key = key
            key.kpersistent = nil
            return key
        }
        let raw = try RawPrimitives()
        for round in -rounds / 10..<rounds {
            // Side by side, so that a busy machine slows both.
            let primitives = try raw.time()
            var phone = owner
            let standard = try JoinedTap(car, .transaction(.drive), with: &phone)
            try standard.expect(.standard)
            phone = owner
            let plain = try JoinedTap(forgetful, .transaction(.unlock), with: &phone)
            try plain.expect(.standard)
            phone = owner
            let fast = try JoinedTap(crowded, .transaction(.unlock), with: &phone)
            try fast.expect(.fast)
            guard round >= 0 else { continue }  // warming up
            self.primitives.add(primitives)
            self.standard.add(standard.carTime)
            self.plain.add(plain.carTime)
            self.fast.add(fast.carTime)
        }
    }

    var figures: [Figure] {
        [
            Figure(
                name: "standard transaction, drive, car / raw P-256 primitives",
                measured: standard.median / primitives.median, goal: 1.3, unit: "  "),
            Figure(
                name: "standard transaction, unlock, car / raw P-256 primitives",
                measured: plain.median / primitives.median, goal: 1.3, unit: "  "),
            Figure(
                name: "fast transaction, car, 16 keys, the last one matches",
                measured: fast.median / 1000, goal: 1, unit: "ms"),
        ]
    }

    /// The car with other keys tried before that of the owner.
    private static func crowded(_ car: VehicleRecord, keys count: Int) throws -> VehicleRecord {
        var car = car
        let others = (2...count).map { position in
            KeyRecord(
                slotId: SlotID(generation: 1, position: UInt8(position)),
                publicKey: PrivateKey.generate(.system, for: "other").publicKey, version: .v0200,
                config: KeyConfig(
                    profile: .full, notBefore: car.configuration.ownerNotBefore),
                kpersistent: RandomSource.system.bytes(32, for: "Kpersistent"))
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
    private let other = P256.Signing.PrivateKey()
    private let message = Data(repeating: 7, count: 128)
    private let signature: P256.Signing.ECDSASignature

    init() throws { signature = try other.signature(for: message) }

    func time() throws -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        let key = try P256.KeyAgreement.PrivateKey(
            rawRepresentation: RandomSource.system.bytes(32, for: "key"))
        let published = key.publicKey.x963Representation
        let shared = try key.sharedSecretFromKeyAgreement(with: peer)
        let made = try signer.signature(for: message)
        let isValid = other.publicKey.isValidSignature(signature, for: message)
        let time = clock.now - start
        guard isValid, published.count == 65, made.rawRepresentation.count == 64,
            shared.withUnsafeBytes({ $0.count }) == 32
        else {
            throw BenchmarkError("the primitives failed")
        }
        return time
    }
}
