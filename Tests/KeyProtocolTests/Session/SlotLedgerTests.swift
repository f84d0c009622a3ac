// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import Testing

struct SlotLedgerTests {
    @Test func `a fifth issued id retires the oldest`() throws {
        var ledger = SlotLedger()
        let ids = (0..<5).compactMap { _ in ledger.issue(position: 2) }
        #expect(ids.map(\.generation) == [0, 1, 2, 3, 4])
        #expect(ids.map(ledger.state) == [.retired, .issued, .issued, .issued, .issued])
    }

    @Test func `a position ends after generation FE`() throws {
        var ledger = SlotLedger()
        let ids = (0..<300).compactMap { _ in ledger.issue(position: 3) }
        #expect(ids.count == 255)
        #expect(ids.last?.generation == 0xFE)
        #expect(Set(ids).count == ids.count)
    }

    @Test func `states only go forward`() throws {
        var ledger = SlotLedger()
        let issued = ledger.issue(position: 4)
        let slot = try #require(issued)
        ledger.bind(slot)
        #expect(ledger.state(of: slot) == .bound)
        ledger.retire(slot)
        ledger.bind(slot)
        #expect(ledger.state(of: slot) == .retired)
        let next = ledger.issue(position: 4)
        #expect(next != slot)
    }

    @Test func `an id retired before it was issued is skipped`() throws {
        var ledger = SlotLedger()
        ledger.retire(SlotID(generation: 1, position: 5))
        let ids = (0..<2).compactMap { _ in ledger.issue(position: 5) }
        #expect(ids.map(\.generation) == [0, 2])
    }

    @Test func `generation FF is nobody's and nothing waits for it`() throws {
        var ledger = SlotLedger()
        ledger.retire(SlotID(generation: 0xFF, position: 5))
        let ids = (0..<256).map { _ in ledger.issue(position: 5) }
        #expect(ids.last == .some(nil))
        #expect(ids.compactMap(\.self).count == 255)
        #expect(ledger.state(of: SlotID(generation: 0xFF, position: 5)) == .free)
    }

    @Test func `positions that do not exist are free and give nothing`() throws {
        var ledger = SlotLedger()
        let outside = [ledger.issue(position: 0), ledger.issue(position: 9)]
        #expect(outside == [nil, nil])
        ledger.retire(SlotID(generation: 0, position: 0xFF))
        #expect(ledger.state(of: SlotID(generation: 0, position: 0)) == .free)
    }

    @Test func `a record survives being written and read`() throws {
        var car = try TestCar()
        _ = try car.tapOwner(.unlock)
        let data = try JSONEncoder().encode(car.record)
        #expect(try JSONDecoder().decode(VehicleRecord.self, from: data) == car.record)
    }

    @Test func `a record does not print its secrets`() throws {
        let car = try TestCar()
        var text = ""
        dump(car.record, to: &text)
        text += String(describing: car.record)
        #expect(!text.contains(car.immobilizer.hex) && !text.contains(car.vehicle.scalar.hex))
        #expect(!text.contains("\(car.immobilizer)"))
    }
}
