// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import ServiceKit
import TestKit
import Testing

@testable import VehicleGateway

@Suite struct MergeTests {
    @Test func `changes of different keys come together`() throws {
        let base = try record()
        var (mine, theirs) = (base, base)
        mine.keys[0].receiptSeen = true
        mine.keys.swapAt(0, 1)
        theirs.keys[1].state = .suspended
        let merged = try RecordMerge.merged(base: base, mine: mine, theirs: theirs)
        #expect(merged.keys.map(\.slotId) == mine.keys.map(\.slotId))
        #expect(merged.key(at: base.keys[0].slotId)?.receiptSeen == true)
        #expect(merged.key(at: base.keys[1].slotId)?.state == .suspended)
    }

    @Test func `a key ended meanwhile does not come back`() throws {
        let base = try record()
        var (mine, theirs) = (base, base)
        mine.hasTrustedTime = false
        theirs.terminate(base.keys[0].keyId)
        let merged = try RecordMerge.merged(base: base, mine: mine, theirs: theirs)
        #expect(merged.keys.count == 1)
        #expect(!merged.hasTrustedTime)
    }

    @Test func `two changes of one key are a conflict`() throws {
        let base = try record()
        var (mine, theirs) = (base, base)
        mine.keys[0].receiptSeen = true
        theirs.terminate(base.keys[0].keyId)
        #expect(throws: GatewayError.conflict) {
            try RecordMerge.merged(base: base, mine: mine, theirs: theirs)
        }
    }

    @Test func `a key suspended while its first tap was under way is not made known`() throws {
        let base = try record()
        var (mine, theirs) = (base, base)
        let key = KeyRecord(
            slotId: SlotID(generation: 0, position: 4),
            publicKey: PrivateKey.generate(.system, for: "key").publicKey, version: .v0200,
            config: KeyConfig(profile: .full, notBefore: TestPKI.start))
        mine.keys.append(key)
        #expect(
            try RecordMerge.merged(base: base, mine: mine, theirs: theirs).keys == mine.keys)
        theirs.hasTrustedTime = false
        theirs.suspend(key.keyId)
        #expect(throws: GatewayError.conflict) {
            try RecordMerge.merged(base: base, mine: mine, theirs: theirs)
        }
        theirs.resume(key.keyId)
        #expect(
            try RecordMerge.merged(base: base, mine: mine, theirs: theirs).keys == mine.keys)
    }

    @Test(arguments: [
        ("Roadster Door 00", "Roadster Door 00 00", true),
        ("Roadster Door 01", "Roadster Door 00 01", true),
        ("Roadster Door 00", "Roadster Door 07 00", true),
        ("Roadster Door 00", "Roadster Door 00 01", false),
        ("Roadster Door 00", "Roadster Dash 00 00", false),
    ])
    func `a reader is found by friendly name and slot`(
        configured: String, listed: String, isSame: Bool
    ) throws {
        #expect((ReaderName(configured: configured) == ReaderName(listed: listed)) == isSame)
    }

    private func record() throws -> VehicleRecord {
        var record = try VehicleRecord(
            provisioned: TestCar().provisioning(), at: WallClock.system.now)
        let random = TestPKI.random(seed: "keys")
        for position in UInt8(2)...3 {
            record.keys.append(
                KeyRecord(
                    slotId: SlotID(generation: 0, position: position),
                    publicKey: PrivateKey.generate(random, for: "key").publicKey,
                    version: .v0200,
                    config: KeyConfig(profile: .full, notBefore: TestPKI.start)))
        }
        return record
    }
}
