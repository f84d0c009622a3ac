// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit
import Testing

/// Everything a phone answers in owner pairing, one thing wrong per row, and the reason the car must
/// give (PROTOCOL 4.4, 7.2, 7.5).
struct PairingRefusalTableTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var reason: OPControlFlow.Reason
        var arrange: @Sendable (inout TestPairing) throws -> Void

        init(
            _ reason: OPControlFlow.Reason, _ name: String,
            _ arrange: @escaping @Sendable (inout TestPairing) throws -> Void
        ) {
            (self.reason, testDescription, self.arrange) = (reason, name, arrange)
        }

        /// Each answer to an instruction is changed on its way; SELECT unless said otherwise.
        init(
            _ reason: OPControlFlow.Reason, _ name: String,
            of instruction: UInt8 = Instruction.select, _ change: @escaping Damage.Change
        ) {
            self.init(reason, name) { $0.phone.damage = (instruction, change) }
        }
    }

    @Test func `the phone and the car of these tables pair when nothing is wrong`() throws {
        var pairing = try TestPairing()
        #expect(pairing.pair().outcome?.result == .paired)
        #expect(pairing.record.owner?.publicKey == pairing.phone.applet.key.publicKey)
    }

    private static let rows = [
        selection, password, channel, objects, certificates, optionBits, options,
    ].flatMap(\.self)

    @Test(arguments: rows)
    func `each thing wrong ends pairing with its own reason`(row: Row) throws {
        var pairing = try TestPairing()
        try row.arrange(&pairing)
        let keys = pairing.record.keys
        let run = pairing.pair()
        #expect(run.controlFlow == [0x00, row.reason.rawValue].hex)
        #expect(run.outcome?.result == .refused(row.reason.sentence, nil))
        // Nothing follows the reason, and no key is there.
        #expect(run.commands.last == OPControlFlow.abort(row.reason).command.encoded)
        #expect(pairing.record.keys == keys && pairing.record.pending == nil && run.facts.isEmpty)
        #expect(pairing.record.slots.bound.isEmpty)
    }

    @Test func `a reason the car can give has a row here or a test of its own`() {
        // Attempts and time have their tests, and this car neither cancels nor knows regions.
        let elsewhere: Set<OPControlFlow.Reason> = [
            .timeout, .attemptsExhausted, .cancelled, .regionNotAllowed,
        ]
        #expect(elsewhere.union(Self.rows.map(\.reason)) == Set(OPControlFlow.Reason.allCases))
    }

    @Test(arguments: [[0x00], [0x01], [0x03], [0xFF]] as [[UInt8]])
    func `a phone whose D4 is not 02 is not paired, and told nothing`(_ value: [UInt8]) throws {
        var pairing = try TestPairing()
        pairing.phone.damage = (Instruction.select, Damage.objects { $0[tag: 0xD4] = value })
        let run = pairing.pair()
        #expect(run.outcome?.result == .aborted("The phone is not ready to pair."))
        #expect(run.commands.count == 1 && run.controlFlow == nil)
    }

    @Test func `a phase 2 of more than five minutes is over, at whatever message`() throws {
        var pairing = try TestPairing()
        let commands = pairing.pair().commands
        let count = commands.prefix { $0 != ApplicationID.applet.select.encoded }.count
        // After the last one the phone has its key.
        for message in 1..<count {
            let pace = Limits.phase2 / Int64(message) + 1
            guard pace * Int64(message - 1) <= Limits.phase2 else { continue }
            var slow = try TestPairing()
            let run = slow.pair(pace: pace)
            #expect(run.controlFlow == "0003", "message \(message)")
            #expect(run.commands.count == message + 1, "message \(message)")
            #expect(slow.record.keys.isEmpty)
        }
        var inTime = try TestPairing()
        #expect(inTime.pair(pace: Limits.phase2 / Int64(count - 1)).outcome?.result == .paired)
    }

    @Test func `an [H] of another key passes phase 2 and is found out in phase 3`() throws {
        var pairing = try TestPairing()
        let other = PrivateKey.generate(.system, for: "other").publicKey
        pairing.phone.certificates[2] = try pairing.endpoint(for: other).der
        let run = pairing.pair()
        #expect(run.controlFlow == "0000" && run.facts.isEmpty)
        #expect(pairing.record.owner == nil && pairing.record.pending != nil)
    }

    @Test func `a full car lets its owner be replaced, and nobody be added`() throws {
        for hasOwner in [true, false] {
            var pairing = try TestPairing()
            let profile = hasOwner ? Profile.owner : .full
            pairing.record.fill(with: KeyConfig(profile: profile, notBefore: TestPKI.start))
            #expect(pairing.pair().controlFlow == (hasOwner ? "0100" : "0006"))
            #expect(pairing.record.keys.count == Limits.keys)
        }
    }
}
