// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import Testing

@testable import VirtualPhone

@Suite struct AnnouncementTests {
    private let world: TestWorld
    private var phone: PhoneCard
    private let key: KeyID

    init() throws {
        world = try TestWorld()
        (phone, key) = try world.owner()
        phone.state.automakers[0].readerMake = .forTests
    }

    private func frame(
        _ subtype: UInt8 = 0x01, _ terminal: [UInt8] = [0x01, 0xFF, 0xF1], group: [UInt8]? = nil
    ) throws -> PollingFrame {
        try PollingFrame(subtype: subtype, terminal: terminal, readerGroup: group)
    }

    @Test func `a reader of the automaker brings up its key`() throws {
        let announcement = phone.announced(try frame())
        #expect(announcement.terminal == TerminalID(.forTests, at: .door))
        #expect(announcement.choice == .key(key))
    }

    @Test func `a reader of another make, or of no car, brings up nothing`() throws {
        #expect(phone.announced(try frame(0x01, [0x01, 0x12, 0x31])).choice == .nothing)
        let gate = phone.announced(try frame(0x01, [0x02, 0xFF, 0xF1]))
        #expect(gate.choice == .nothing)
        #expect(gate.terminal == nil)
    }

    @Test func `an automaker that never said its make is not guessed`() throws {
        var phone = phone
        phone.state.automakers[0].readerMake = nil
        #expect(phone.announced(try frame()).choice == .nothing)
    }

    @Test func `a group id names the vehicle`() throws {
        let own = try frame(0x05, group: world.vehicleId.bytes)
        let other = try frame(0x05, group: [UInt8](repeating: 7, count: 8))
        #expect(phone.announced(own).choice == .key(key))
        #expect(phone.announced(other).choice == .nothing)
        var phone = phone
        phone.state.automakers[0].readerMake = nil
        #expect(phone.announced(own).choice == .key(key))
    }

    @Test func `a suspended key is not brought up`() throws {
        var phone = phone
        try phone.suspendKey(key)
        #expect(phone.announced(try frame()).choice == .nothing)
    }

    @Test func `a reader that offers pairing raises the prompt and nothing else`() throws {
        let before = phone.snapshot
        #expect(phone.announced(try frame(0x09)).choice == .setup)
        let group = try frame(0x0B, group: world.vehicleId.bytes)
        #expect(phone.announced(group).choice == .setup)
        #expect(phone.snapshot == before)
        #expect(phone.state.pairing == nil)
    }

    @Test func `the newest of several keys comes first`() throws {
        var phone = phone
        let (other, newer) = try world.owner("bob")
        var state = phone.element.state
        state.endpoints += other.element.state.endpoints
        phone.element = SecureElement(state: state)
        phone.state.keys += other.state.keys
        #expect(phone.announced(try frame()).choice == .key(newer))
    }
}
