// SPDX-License-Identifier: Apache-2.0

public import DeviceOEM
public import Foundation
public import Identifiers
internal import KeyProtocol
public import ServiceKit
public import VirtualPhone

/// A whole phone out of its folder and into one, secrets included, for the bench only.
extension Phone {
    /// The phone as a file.
    public func file() throws -> PhoneFile {
        try checkBench()
        return card.snapshot.file(environment: maker.environment)
    }

    /// A copy of the phone with its settings, to try things with: nothing of it is saved.
    ///
    /// - Parameter password: enters pairing mode with these eight digits, at `now`.
    public func copy(password: String?, isUnlocked: Bool, at now: Instant) throws -> PhoneCard {
        try checkBench()
        var copy = PhoneCard(snapshot: card.snapshot, random: random)
        copy.conditions = settings.conditions(TapOptions(isUnlocked: isUnlocked))
        if let password { try copy.enterPairingMode(password: password, at: now) }
        return copy
    }

    private func checkBench() throws(PhoneHostError) {
        guard BenchMaterial.isAllowed(in: maker.environment) else {
            throw .bench(BenchMaterial.refusal(in: maker.environment))
        }
    }

    /// Makes the phone of a file in `phones/name`.
    public static func make(
        _ name: String, from file: PhoneFile, in phones: URL, maker: PhoneMaker,
        clock: WallClock = .system
    ) throws -> Phone {
        guard BenchMaterial.isAllowed(in: maker.environment) else {
            throw PhoneHostError.bench(BenchMaterial.refusal(in: maker.environment))
        }
        guard file.format == PhoneFile.format, file.environment == maker.environment else {
            throw PhoneHostError.bench(
                "it is no exported phone of the environment '\(maker.environment)'")
        }
        let snapshot = try PhoneCard.Snapshot(file)
        let phone = try make(name, in: phones, maker: maker, clock: clock)
        phone.card = PhoneCard(snapshot: snapshot, random: phone.draws.random)
        try phone.save()
        try phone.noteKeys()
        return phone
    }
}
