// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit
import Testing

/// Pairing off the straight path, with the car and phone of the first pairing trace.
struct PairingTests {
    private let trace: PairingTrace

    init() throws {
        trace = try PairingTrace(try #require(try Vectors.fixture("pairing-trace").cases.first))
    }

    private func pair(
        _ record: VehicleRecord, _ phone: inout TestFramework,
        _ purpose: ReaderSession.Purpose = .pairing, at time: Instant? = nil
    ) throws -> Run {
        let session = ReaderSession(
            record: record, purpose: purpose,
            random: try ScriptedRandom(trace.vector.inputs.list("randomDraws")).source)
        return drive(session, with: &phone, at: time ?? trace.now)
    }

    @Test func `seven wrong passwords end the verifier`() throws {
        var record = try trace.record()
        for attempt in 1...7 {
            var phone = trace.phone
            phone.scalars = try SPAKE2Plus.PasswordScalars(
                w0: [UInt8](repeating: 1, count: 32), w1: [UInt8](repeating: 2, count: 32))
            let run = try pair(record, &phone)
            record = run.stored
            #expect(run.controlFlow == "0009")
            #expect(record.pairing?.attempts == attempt)
        }
        var phone = trace.phone
        let run = try pair(record, &phone)
        #expect(run.controlFlow == "000d")
        #expect(!run.commands.contains { $0[1] == Instruction.spakeVerify })
        #expect(!record.isInPairingMode(at: trace.now))
    }

    @Test func `the attempt is stored before VERIFY leaves`() throws {
        var phone = trace.phone
        let run = try pair(try trace.record(), &phone)
        let verify = try #require(run.commands.first { $0[1] == Instruction.spakeVerify })
        let sent = try #require(run.events.firstIndex(of: .sent(verify)))
        #expect(run.events[..<sent].contains(.saved))
    }

    @Test func `the same verifier keeps its counter, another resets it`() throws {
        var record = try trace.record()
        record.pairing?.attempts = 5
        var mode = try #require(record.pairing)
        mode.attempts = 0
        record.apply(pairing: mode)
        #expect(record.pairing?.attempts == 5)
        mode.id = "another"
        record.apply(pairing: mode)
        #expect(record.pairing?.attempts == 0)
    }

    @Test func `a phone that pends is asked every 200 ms for at most 5 s`() throws {
        for (polls, isPaired) in [(3, true), (40, false)] {
            var phone = trace.phone
            phone.pendingPolls = polls
            let run = try pair(try trace.record(), &phone)
            #expect((run.outcome?.result == .paired) == isPaired)
            #expect(run.events.count { $0 == .waited(200) } == (isPaired ? 3 : 25))
            if !isPaired { #expect(run.controlFlow == "0003") }
        }
    }

    @Test func `the dashboard falls into drive when the phone does not pair`() throws {
        var phone = trace.phone
        phone.isReady = false
        let run = try pair(try trace.record(), &phone, .dashboard)
        #expect(run.commands.map { $0[1] }.prefix(3) == [0xA4, 0xA4, 0x80])
    }

    @Test func `the dashboard pairs, and drives with the key afterwards`() throws {
        var phone = trace.phone
        let run = try pair(try trace.record(), &phone, .dashboard)
        #expect(run.outcome?.result == .paired)
        #expect(run.facts.count == 1)
        let drive = try pair(run.stored, &phone, .dashboard)
        #expect(drive.controlFlow == "0103")
    }

    @Test func `a pending key does nothing but phase 3, and is dropped after ten minutes`() throws {
        let pending = try pendingRecord()
        var phone = trace.phone
        let unlock = try pair(pending, &phone, .transaction(.unlock))
        #expect(unlock.controlFlow == "0004")
        let late = try pair(
            pending, &phone, .transaction(.unlock), at: trace.now.adding(seconds: 601))
        #expect(late.controlFlow == "0002")
        #expect(late.stored.pending == nil)
        let again = try pair(pending, &phone, .dashboard)
        #expect(again.outcome?.result == .paired)
    }

    @Test func `an owner key suspended while phase 3 is due is suspended once it is there`() throws
    {
        var pending = try pendingRecord()
        pending.suspend(try #require(pending.pending?.key.keyId))
        var phone = trace.phone
        let run = try pair(pending, &phone, .dashboard)
        #expect(run.outcome?.result == .paired)
        #expect(run.stored.owner?.state == .suspended)
        #expect(try pair(run.stored, &phone, .dashboard).controlFlow == "0002")
    }

    @Test func `with a phase 3 due another key still drives, with a fresh AUTH0`() throws {
        var car = try TestCar()
        var other = try TestCar().record
        other.pending = nil
        let key = KeyRecord(
            slotId: SlotID(generation: 1, position: 1),
            publicKey: PrivateKey.generate(.system, for: "pending").publicKey, version: .v0200,
            config: car.record.keys[0].config)
        car.record.pending = PendingKey(key: key, pairingId: "p", since: .test)
        let session = ReaderSession(record: car.record, purpose: .dashboard, random: .system)
        let run = drive(session, with: &car.owner)
        #expect(run.controlFlow == "0103")
        #expect(run.commands.map { $0[1] } == [0xA4, 0x80, 0x81, 0x3C, 0x80, 0x81, 0xC9, 0x3C])
        #expect(run.commands[3][2...3] == [0x00, 0x04])
        #expect(run.commands[1][2...3] == [0x00, 0x04] && run.commands[4][2...3] == [0x00, 0x03])
    }

    @Test(arguments: [true, false])
    func `phase 3 leaves alone what the phone already left for the car`(isTold: Bool) throws {
        var phone = trace.phone
        phone.applet.tellsSignaling = isTold
        // Receipt, OEM data, and a refill that this phase 3 makes unnecessary.
        phone.applet.privateMailbox[0] = 0x0D
        let run = try pair(try trace.record(), &phone)
        #expect(run.outcome?.result == .paired)
        #expect(phone.applet.privateMailbox[0] == 0x0C)
        #expect(phone.applet.privateMailbox[1] == 0xFF)
    }

    @Test func `a share that is no point and a message that is none end differently`() throws {
        let compressed = [0x02] + [UInt8](repeating: 1, count: 32)
        let rows: [([UInt8], String)] = [
            (TLV(0x50, compressed).encoded, "000c"), (TLV(0x50, [0x00]).encoded, "000c"),
            (TLV(0x50, [0x04] + [UInt8](repeating: 0, count: 64)).encoded, "000c"),
            (TLV(0x50, [UInt8]()).encoded, "000c"), (TLV(0x51, compressed).encoded, "0008"),
            ([0x50], "0008"), ([], "0008"),
        ]
        for (body, expected) in rows {
            var phone = trace.phone
            phone.fault = (1, { _ in body + [0x90, 0x00] })
            let run = try pair(try trace.record(), &phone)
            #expect(run.controlFlow == expected, "\(body.hex)")
            #expect(run.stored.pairing?.attempts == 0)
        }
    }

    @Test func `a mailbox is as large as its mapping needs, and no smaller than usual`() throws {
        for (end, size) in [(0x300, 0x400), (0x400, 0x400), (0x401, 0x401), (0x800, 0x800)] {
            var record = try trace.record()
            record.configuration.mapping.contentEnd = UInt16(end)
            var phone = trace.phone
            _ = try pair(record, &phone)
            let creation = try EndpointCreationData(parsing: TLVMap(phone.batch).value(0x7F4A))
            #expect(Int(creation.privateSize) == size)
        }
    }

    @Test func `more data is announced for objects only`() throws {
        for index in [1, 2, 3] {
            var phone = trace.phone
            phone.fault = (index, { $0.dropLast(2) + [0x61, 0x10] })
            #expect(try pair(try trace.record(), &phone).controlFlow == "0000", "\(index)")
        }
    }

    @Test func `a framework that answers SELECT with nonsense is told so`() throws {
        var phone = trace.phone
        phone.fault = (0, { _ in [0x5A, 0x05, 0x90, 0x00] })
        #expect(try pair(try trace.record(), &phone, .dashboard).controlFlow == "0008")
    }

    @Test func `a broken phase 3 is repeated with fresh ids`() throws {
        let pending = try pendingRecord()
        var phone = trace.phone
        phone.isReady = false
        phone.applet.fault = (4, { _ in nil })
        let broken = try pair(pending, &phone, .pairing)
        #expect(broken.stored.pending?.writtenSlots.count == 7)
        phone.applet.fault = nil
        let run = try pair(broken.stored, &phone, .dashboard)
        #expect(run.outcome?.result == .paired)
        #expect(run.stored.slots.state(of: SlotID(generation: 0, position: 2)) == .retired)
        #expect(run.stored.slots.state(of: SlotID(generation: 1, position: 2)) == .issued)
    }

    @Test func `certificates of an earlier pairing replace nobody`() throws {
        var phone = trace.phone
        var record = try pair(try trace.record(), &phone).stored
        let former = try #require(record.owner)
        record.apply(pairing: try trace.record().pairing)
        // The next owner's certificates name slot 0101; this phone still shows those for 0001.
        var next = trace.phone
        let run = try pair(record, &next)
        #expect(run.controlFlow == "000f")
        #expect(run.stored.owner == former)
        #expect(run.stored.slots.state(of: former.slotId) == .bound)
    }

    @Test func `a new owner replaces the former one and keeps friend keys`() throws {
        var pairing = try TestPairing()
        _ = pairing.pair()
        let former = try #require(pairing.record.owner)
        // A friend of the former owner, known to the car; positions 3 to 8 are offered to nobody yet.
        var friend = TestApplet(vehicleKey: pairing.record.identity.publicKey)
        friend.slot = SlotID(generation: 0, position: 2)
        let key = KeyRecord(
            slotId: friend.slot, publicKey: friend.key.publicKey, version: .v0200,
            config: KeyConfig(profile: .full, notBefore: TestPKI.start))
        pairing.record.keys.append(key)
        pairing.record.slots.bind(friend.slot)

        let run = try pairing.pairNextOwner()
        #expect(run.outcome?.result == .paired)
        let owner = try #require(pairing.record.owner)
        #expect(owner.slotId == SlotID(generation: 1, position: 1) && owner.keyId != former.keyId)
        #expect(run.facts.contains(.keyRemoved(keyId: former.keyId, slotId: former.slotId)))
        #expect(pairing.record.slots.state(of: former.slotId) == .retired)
        #expect(pairing.record.keys.contains(key) && pairing.record.keys.count == 2)
        for position in UInt8(2)...8 {
            let old = pairing.record.slots.state(of: SlotID(generation: 0, position: position))
            #expect(old == (position == 2 ? .bound : .retired), "\(position)")
            let new = pairing.record.slots.state(of: SlotID(generation: 1, position: position))
            #expect(new == .issued, "\(position)")
        }
        let session = ReaderSession(
            record: pairing.record, purpose: .transaction(.unlock), random: .system)
        #expect(drive(session, with: &friend).controlFlow == "0101")
    }

    @Test func `whatever one answer becomes, pairing ends and no key appears`() throws {
        var clean = trace.phone
        _ = try pair(try trace.record(), &clean)
        let count = clean.log.count
        for index in 0..<count {
            for change in stride(from: index % 7, to: Damage.all.count, by: 7).map({
                Damage.all[$0]
            }) {
                var phone = trace.phone
                phone.fault = (index, change)
                let run = try pair(try trace.record(), &phone)
                #expect(run.outcome != nil)
                // Of SELECT some damage does not matter; up to OP CONTROL FLOW all other does.
                if index > 0, index < 9 {
                    #expect(run.stored.owner == nil && run.stored.pending == nil, "\(index)")
                    #expect(Self.reasons(index).contains(run.controlFlow), "\(index)")
                }
            }
        }
    }

    /// What a damaged answer to REQUEST, to VERIFY, and under the channel can be told; none to a phone
    /// that is gone.
    private static func reasons(_ index: Int) -> Set<String?> {
        switch index {
        case 1: [nil, "0000", "0008", "000c"]
        case 2: [nil, "0000", "0008", "0009"]
        default: [nil, "0000", "000a"]
        }
    }

    /// The car after phase 2, before phase 3.
    private func pendingRecord() throws -> VehicleRecord {
        var phone = trace.phone
        var session = ReaderSession(
            record: try trace.record(), purpose: .pairing,
            random: try ScriptedRandom(trace.vector.inputs.list("randomDraws")).source)
        var step = session.start(at: trace.now)
        var stored = session.record
        var resets = 0
        while resets < 2 {
            stored = step.save ?? stored
            switch step.next {
            case .transmit(let command):
                step = session.received(phone.respond(to: command) ?? [], at: trace.now)
            case .fieldReset:
                resets += 1
                if resets < 2 { step = session.fieldWasReset(at: trace.now) }
            default: resets = 2
            }
        }
        return stored
    }
}
