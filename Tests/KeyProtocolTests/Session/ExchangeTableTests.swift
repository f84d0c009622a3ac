// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import Testing

/// Every object of an EXCHANGE wrong, misplaced, doubled or of another size, and the status the phone
/// must answer; the first failure decides (PROTOCOL 9.1).
struct ExchangeTableTests {
    /// Where an operation may stand: bare, in BA, in B9; with the bytes of that mailbox.
    private static let places: [(name: String, size: UInt16, wrap: @Sendable (TLV) -> TLV)] = [
        ("bare", 0x400, { $0 }), ("BA", 0x400, { TLV(0xBA, [$0]) }),
        ("B9", 0x80, { TLV(0xB9, [$0]) }),
    ]

    private func status(
        _ objects: [TLV], afterFast: Bool = false, sessionIsOpen: Bool = false
    ) -> ExchangeStatus {
        status(objects.encoded, afterFast: afterFast, sessionIsOpen: sessionIsOpen)
    }

    private func status(
        _ bytes: [UInt8], afterFast: Bool = false, sessionIsOpen: Bool = false
    ) -> ExchangeStatus {
        let rules = ExchangeCommand.Rules(
            afterFast: afterFast, sessionIsOpen: sessionIsOpen, privateSize: 0x400,
            confidentialSize: 0x80)
        do throws(ExchangeStatus) {
            _ = try ExchangeCommand(parsing: bytes, rules: rules)
            return .done
        } catch { return error }
    }

    @Test func `an operation has its size and its range, wherever it stands`() {
        for (place, size, wrap) in Self.places {
            func expect(_ expected: ExchangeStatus, _ tag: KeyProtocol.Tag, _ value: [UInt8]) {
                #expect(status([wrap(TLV(tag, value))]) == expected, "\(place) \(tag) \(value.hex)")
            }
            let last = (size - 1).bigEndianBytes
            for count in 0...7 {
                let bytes = [UInt8](repeating: 0, count: count)
                if count != 4 { expect(.malformed, 0x87, bytes) }
                if count != 5 { expect(.malformed, 0x95, bytes) }
                expect(count < 3 ? .malformed : .done, 0x8A, bytes)
            }
            expect(.done, 0x87, last + [0, 1])
            expect(.outOfRange, 0x87, last + [0, 2])
            expect(.malformed, 0x87, last + [0, 0])
            expect(.outOfRange, 0x87, [0xFF, 0xFF, 0xFF, 0xFF])
            expect(.done, 0x95, [0, 0] + size.bigEndianBytes + [0xFF])
            expect(.outOfRange, 0x95, [0, 0] + (size + 1).bigEndianBytes + [0xFF])
            expect(.malformed, 0x95, [0, 0, 0, 0, 0xFF])
            expect(.outOfRange, 0x95, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
            expect(.done, 0x8A, last + [7])
            expect(.outOfRange, 0x8A, last + [7, 7])
            expect(.outOfRange, 0x8A, [0xFF, 0xFF, 7])
        }
    }

    private static let read = TLV(0x87, [0, 0, 0, 1])
    private static let more = TLV(0x8C, [1] as [UInt8])
    private static let note = TLV(0xAE, [1] as [UInt8])

    @Test func `an object stands where it belongs, and no more often than it may`() {
        let (read, more, note) = (Self.read, Self.more, Self.note)
        let rows: [(String, [TLV], ExchangeStatus)] = [
            ("all of them", [more, read, TLV(0xBA, [read]), TLV(0xB9, [read]), note], .done),
            ("8C and nothing else", [more], .done), ("AE and nothing else", [note], .done),
            ("8C second", [read, more], .malformed), ("8C doubled", [more, more], .malformed),
            ("8C empty", [TLV(0x8C, [UInt8]()), read], .malformed),
            ("8C of two bytes", [TLV(0x8C, [0, 0]), read], .malformed),
            ("8C of 02", [TLV(0x8C, [2]), read], .malformed),
            ("8C in BA", [TLV(0xBA, [more])], .malformed),
            ("8C in B9", [TLV(0xB9, [more])], .malformed),
            ("AE doubled", [note, read, note], .malformed),
            ("AE empty", [TLV(0xAE, [UInt8]())], .malformed),
            ("AE of 16 bytes", [TLV(0xAE, [UInt8](repeating: 1, count: 16))], .done),
            ("AE of 17 bytes", [TLV(0xAE, [UInt8](repeating: 1, count: 17))], .malformed),
            ("AE in B9", [TLV(0xB9, [note])], .malformed),
            ("B9 in BA", [TLV(0xBA, [TLV(0xB9, [read])])], .malformed),
            ("BA in B9", [TLV(0xB9, [TLV(0xBA, [read])])], .malformed),
            ("an unknown tag", [read, TLV(0xC5, [1])], .malformed),
            ("an unknown tag of two bytes", [TLV(0x7F33, [1]), read], .malformed),
            ("an unknown tag in BA", [TLV(0xBA, [read, TLV(0xC5, [1])])], .malformed),
            ("97, of another system", [TLV(0x97, [0, 0])], .malformed),
        ]
        for (row, objects, expected) in rows {
            #expect(status(objects) == expected, "\(row)")
        }
    }

    @Test func `a command cut at any byte is malformed, unless it ends with an object`() {
        let objects = [Self.more, Self.read, TLV(0xBA, [Self.read]), Self.note]
        let ends = Set(objects.indices.map { objects[...$0].encoded.count })
        for count in 0..<objects.encoded.count {
            let expected: ExchangeStatus = ends.contains(count) ? .done : .malformed
            #expect(status(Array(objects.encoded.prefix(count))) == expected, "\(count) bytes")
        }
    }

    @Test func `the first failure decides`() {
        let (far, bad) = (TLV(0x87, [0xFF, 0xFF, 0, 1]), TLV(0x87, [0]))
        let (hidden, unknown) = (TLV(0xB9, [Self.read]), TLV(0xC5, [1] as [UInt8]))
        let rows: [(String, [TLV], ExchangeStatus)] = [
            ("top level first", [far, unknown], .malformed),
            ("an open session before operations", [far], .sessionBroken),
            ("top level before the open session", [unknown], .malformed),
            ("the confidential mailbox before the open session", [hidden], .notPermitted),
            ("the order of the top level", [hidden, unknown], .notPermitted),
            ("the other order of the top level", [unknown, hidden], .malformed),
            ("operations in order", [Self.more, far, bad], .outOfRange),
            ("operations in the other order", [Self.more, bad, far], .malformed),
        ]
        for (row, objects, expected) in rows {
            #expect(
                status(objects, afterFast: true, sessionIsOpen: true) == expected, "\(row)")
        }
    }
}
