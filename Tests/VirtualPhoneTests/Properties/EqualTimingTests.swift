// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

/// How long a phone thinks tells nobody which vehicles it knows (PROTOCOL 3.4).
///
/// Two phones, or two questions, take turns, and their times are compared as distributions: by how
/// often one of the first kind is longer than one of the second. Around 1/2 they cannot be told
/// apart. A measurement that something else disturbed is made again; a difference that is there stays.
@Suite("Timing of a phone that has the key, had it or never met the car")
struct EqualTimingTests {
    private static let rounds = 150
    private static let attempts = 5
    /// A microsecond among the hundred of a debug build moves the figure to 0.65, the derivation that a
    /// stranger would save to 0.99.
    private static let alike = 0.2...0.8

    /// A phone and what it is asked.
    private struct Subject {
        var phone: PhoneCard
        let vehicle: [UInt8]
        var version = ProtocolVersion.v0200
        var isFast = true

        /// Times of the answers to AUTH0 and, with a signature by a stranger, AUTH1.
        mutating func times(_ random: RandomSource) throws -> (Duration, Duration) {
            let auth0 = Auth0Command(
                version: version,
                vehicleEphemeral: PrivateKey.generate(random, for: "vehicle_eSK").publicKey.bytes,
                transactionId: random.bytes(16, for: "transaction_identifier"),
                vehicleId: VehicleID(uncheckedBytes: vehicle)
            ).command(fast: isFast, .unlock)
            let auth1 = Auth1Response.command(signature: [UInt8](repeating: 0x11, count: 64))
            let clock = ContinuousClock()
            let start = clock.now
            let opened = phone.respond(to: auth0.encoded, at: TestWorld.noon)
            let middle = clock.now
            let refused = phone.respond(to: auth1.encoded, at: TestWorld.noon)
            let end = clock.now
            try #require(opened.suffix(2) == [0x90, 0x00] && refused == [0x69, 0x82])
            return (middle - start, end - middle)
        }
    }

    private let world: TestWorld

    init() throws { world = try TestWorld() }

    private func subject(
        vehicle: [UInt8]? = nil, kpersistent: [UInt8]? = nil,
        _ arrange: (inout PhoneCard, KeyID) throws -> Void = { _, _ in }
    ) throws -> Subject {
        var (phone, key) = try world.owner { $0.kpersistent = kpersistent }
        try arrange(&phone, key)
        _ = phone.respond(to: ApplicationID.applet.select.encoded, at: TestWorld.noon)
        return Subject(phone: phone, vehicle: vehicle ?? world.vehicleId.bytes)
    }

    /// How often `first` takes longer than `second`, for AUTH0 and for AUTH1.
    private func compare(_ first: Subject, _ second: Subject) throws -> (Double, Double) {
        var subjects = [first, second]
        var auth0: [[Duration]] = [[], []]
        var auth1: [[Duration]] = [[], []]
        for round in -10..<Self.rounds {
            // The order changes, so that neither is always the one after a pause.
            for index in round.isMultiple(of: 2) ? [0, 1] : [1, 0] {
                let (opening, refusing) = try subjects[index].times(world.random)
                guard round >= 0 else { continue }
                auth0[index].append(opening)
                auth1[index].append(refusing)
            }
        }
        return (Self.precedence(auth0[0], auth0[1]), Self.precedence(auth1[0], auth1[1]))
    }

    /// The chance that a member of `first` is above one of `second`, ties counting half: the
    /// Mann–Whitney statistic by the number of pairs.
    private static func precedence(_ first: [Duration], _ second: [Duration]) -> Double {
        let wins = first.map { one in
            second.map { one > $0 ? 1 : one == $0 ? 0.5 : 0 }.reduce(0, +)
        }
        return wins.reduce(0, +) / Double(first.count * second.count)
    }

    private func areAlike(_ first: Subject, _ second: Subject, _ row: String) throws {
        var seen: [String] = []
        for _ in 0..<Self.attempts {
            let (auth0, auth1) = try compare(first, second)
            if Self.alike.contains(auth0), Self.alike.contains(auth1) { return }
            seen.append("\(auth0), \(auth1)")
        }
        Issue.record("\(row) can be told from an unknown vehicle: \(seen)")
    }

    @Test func `active, suspended, terminated and too old keys take as long as none`() throws {
        var unknown = try subject(vehicle: [UInt8](1...8))
        try areAlike(try subject(), unknown, "an active key")
        try areAlike(
            try subject(kpersistent: [UInt8](repeating: 3, count: 32)), unknown,
            "an active key that knows the car")
        try areAlike(
            try subject { phone, key in try phone.element.suspend(key) }, unknown, "a suspended key"
        )
        try areAlike(
            try subject { phone, key in
                _ = try phone.element.terminate(key, reason: .user, at: TestWorld.noon)
            }, unknown, "a terminated key")
        unknown.version = .v0100
        var tooOld = try subject()
        tooOld.version = .v0100
        try areAlike(tooOld, unknown, "a version below the key's")
    }

    @Test func `a phone that did less would be found out`() throws {
        // Without P1=01 there is no cryptogram to make: the work that an unknown vehicle would save.
        var lazy = try subject()
        lazy.isFast = false
        let (auth0, _) = try compare(try subject(), lazy)
        #expect(!Self.alike.contains(auth0), "fast takes longer in \(auth0) of the cases")
    }
}
