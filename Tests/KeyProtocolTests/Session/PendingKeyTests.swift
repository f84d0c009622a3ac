// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import TestKit
import Testing

/// A car whose new owner has yet to come back for phase 3, and whose clock runs (PROTOCOL 7.4, 8.9).
struct PendingKeyTests {
    private let trace: PairingTrace

    init() throws {
        trace = try PairingTrace(try #require(try Vectors.fixture("pairing-trace").cases.first))
    }

    /// Pairs with a clock that `seconds` tells for each event: a command's answer, or the field back.
    private func pair(_ seconds: (_ command: [UInt8]?, _ resets: Int) -> Int64) throws -> Run {
        var phone = trace.phone
        var session = ReaderSession(
            record: try trace.record(), purpose: .pairing,
            random: try ScriptedRandom(trace.vector.inputs.list("randomDraws")).source)
        var run = Run(stored: session.record)
        var step = session.start(at: trace.now)
        var resets = 0
        while true {
            run.stored = step.save ?? run.stored
            switch step.next {
            case .transmit(let command):
                run.events.append(.sent(command))
                step = session.received(
                    phone.respond(to: command) ?? [],
                    at: trace.now.adding(seconds: seconds(command, resets)))
            case .fieldReset:
                phone.fieldLost()
                resets += 1
                step = session.fieldWasReset(at: trace.now.adding(seconds: seconds(nil, resets)))
            case .wait: step = session.waited(at: trace.now)
            case .finish(let outcome):
                run.outcome = outcome
                return run
            }
        }
    }

    private static let finished = OPControlFlow.phase2Finished.command.encoded

    @Test(arguments: [(300, nil), (301, "0003")] as [(Int64, String?)])
    func `phase 2 may take five minutes`(seconds: Int64, refusal: String?) throws {
        let run = try pair { _, resets in resets == 0 ? seconds : 0 }
        #expect((run.outcome?.result == .paired) == (refusal == nil))
        if let refusal { #expect(run.controlFlow == refusal) }
    }

    @Test func `a phone that was told the end of phase 2 has its key, however late it answers`()
        throws
    {
        let run = try pair { command, resets in command == Self.finished || resets > 1 ? 301 : 299 }
        #expect(run.outcome?.result == .paired)
        #expect(run.stored.pairing == nil)
    }

    @Test(arguments: [(600, true), (601, false)] as [(Int64, Bool)])
    func `phase 3 may begin ten minutes after phase 2`(seconds: Int64, isPaired: Bool) throws {
        let run = try pair { _, resets in resets > 1 ? seconds : 0 }
        #expect((run.outcome?.result == .paired) == isPaired)
        if !isPaired { #expect(run.stored.pending == nil && run.stored.owner == nil) }
    }
}

/// Another key at the dashboard of such a car: it is judged like any other before it is turned away.
struct KeyBesideThePendingOneTests {
    private var car: TestCar

    init() throws {
        car = try TestCar()
        let key = KeyRecord(
            slotId: SlotID(generation: 1, position: 1),
            publicKey: PrivateKey.generate(.system, for: "pending").publicKey, version: .v0200,
            config: car.record.keys[0].config)
        car.record.pending = PendingKey(key: key, pairingId: "p", since: .test)
    }

    private func tap(_ phone: inout TestApplet) -> Run {
        drive(ReaderSession(record: car.record, purpose: .dashboard, random: .system), with: &phone)
    }

    @Test func `what AUTH1 brought is kept although code 04 is not for this key`() {
        var phone = car.owner
        // Gone before the second AUTH1.
        phone.fault = (3, { _ in nil })
        let run = tap(&phone)
        #expect(run.controlFlow == "0004")
        #expect(run.stored.keys[0].kpersistent?.exposed == phone.kpersistent)
    }

    @Test func `a stranger, a retired key and a wrong signature get their own hint at once`() throws
    {
        var stranger = car.owner
        stranger.slot = SlotID(generation: 3, position: 1)
        var retired = try car.friend()
        retired.slot = SlotID(generation: 0xFD, position: 2)
        var forger = car.owner
        forger.signingKey = .generate(.system, for: "another")
        for (name, phone, hint) in [
            ("stranger", stranger, "0001"), ("forger", forger, "0000"),
            ("unissued", retired, "0001"),
        ] {
            var phone = phone
            let run = tap(&phone)
            #expect(run.controlFlow == hint, "\(name)")
            #expect(run.commands.count { $0[1] == Instruction.auth0 } == 1, "\(name)")
        }
    }

    @Test func `a friend's first tap is taken up, and drives`() throws {
        var friend = try car.friend()
        let run = tap(&friend)
        #expect(run.controlFlow == "0103")
        #expect(run.stored.key(at: friend.slot) != nil)
        #expect(run.commands.count { $0[1] == Instruction.auth0 } == 2)
    }
}
