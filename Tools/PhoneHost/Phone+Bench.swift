// SPDX-License-Identifier: Apache-2.0

public import DeviceOEM
public import Foundation
internal import Identifiers
internal import KeyProtocol
public import ServiceKit
public import VirtualPhone

/// A whole phone out of its folder and into one, secrets included, for the bench only.
extension Phone {
    /// The phone as a file.
    public func file() throws -> PhoneFile {
        guard BenchMaterial.isAllowed(in: maker.environment) else {
            throw PhoneHostError.bench(BenchMaterial.refusal(in: maker.environment))
        }
        return card.snapshot.file(environment: maker.environment)
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
