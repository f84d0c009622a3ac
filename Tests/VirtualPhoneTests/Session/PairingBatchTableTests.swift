// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import Testing

@testable import VirtualPhone

/// The fields inside the objects of the first batch, and the second batch: each missing, doubled, cut,
/// oversized or misplaced, and the status word the phone must answer (PROTOCOL 7.3, 7.6, 7.7, 10.3).
@Suite("What a phone makes of the batches of a car that pairs")
struct PairingBatchTableTests {
    private static let end = TLV(0x5F5F, [UInt8]())
    // Made once and copied: scrypt is slow on purpose.
    private static let prepared = Result {
        var car = try RawCar(TestWorld())
        try car.openChannel()
        return car
    }

    /// With the secure channel open.
    private let car: RawCar

    init() throws { car = try Self.prepared.get() }

    /// The status word for the first batch with other content of one object.
    private func write(
        _ tag: KeyProtocol.Tag, _ change: (inout [TLV]) -> Void, of value: [UInt8]? = nil
    ) throws -> StatusWord {
        var car = car
        var batch = car.batch
        let index = try #require(batch.firstIndex { $0.tag == tag })
        var objects = try TLV.list(value ?? batch[index].value)
        change(&objects)
        batch[index].value = objects.encoded
        return try car.write((batch + [Self.end]).encoded)
    }

    /// Each field of an object missing, doubled, empty, longer and shorter; none may be, but for those
    /// named here.
    private func expectFields(
        of tag: KeyProtocol.Tag, _ value: [UInt8], optional: Set<KeyProtocol.Tag> = [],
        repeatable: Set<KeyProtocol.Tag> = [],
        ofAnyLength: Set<KeyProtocol.Tag> = []
    ) throws {
        #expect(try write(tag, { _ in }, of: value) == .done)
        #expect(try write(tag, { $0.reverse() }, of: value) == .done, "any order")
        #expect(try write(tag, { $0.append(TLV(0xDF7F, [1])) }, of: value) == .done, "unknown")
        for (index, field) in try TLV.list(value).enumerated() {
            let missing = try write(tag, { $0.remove(at: index) }, of: value)
            #expect((missing == .done) == optional.contains(field.tag), "\(field.tag) missing")
            let doubled = try write(tag, { $0.append(field) }, of: value)
            #expect((doubled == .done) == repeatable.contains(field.tag), "\(field.tag) doubled")
            let lengths: [(String, [UInt8])] = [
                ("empty", []), ("longer", field.value + [0x30]),
                ("shorter", Array(field.value.dropLast())),
            ]
            for (row, bytes) in lengths {
                let status = try write(tag, { $0[index].value = bytes }, of: value)
                let isAllowed = ofAnyLength.contains(field.tag)
                #expect(status == (isAllowed ? .done : .wrongData), "\(field.tag) \(row)")
            }
            for status in [missing, doubled] where status != .done {
                #expect(status == .wrongData, "\(field.tag)")
            }
        }
    }

    @Test func `every field of the creation data is as it must be`() throws {
        var creation = car.creation
        creation.accountInfoHash = [UInt8](repeating: 1, count: 32)
        try expectFields(
            of: 0x7F4A, creation.encoded, optional: [0x8A], repeatable: [0x89])
    }

    @Test func `every field of the mailbox mapping is as it must be`() throws {
        try expectFields(of: 0x7F4D, MailboxMapping.standard.encoded)
        let rows: [(String, (inout [TLV]) -> Void)] = [
            ("signaling elsewhere", { $0[0].value = [0, 1] }),
            ("slots of another length", { $0[3].value = [3] }),
            ("tokens of another length", { $0[8].value = [0x20] }),
            ("bitmap on signaling", { $0[1].value = [0, 0] }),
            ("slot list over the OEM area", { $0[2].value = [0, 3] }),
            ("OEM area behind the receipt", { $0[4].value = [0, 0x41] }),
            ("receipt behind the package", { $0[5].value = [1, 1] }),
            ("package behind the end", { $0[6].value = [4, 1] }),
            ("end beyond the mailbox", { $0[7].value = [4, 1] }),
            ("end beyond any mailbox", { $0[7].value = [0xFF, 0xFF] }),
        ]
        for (row, change) in rows {
            #expect(try write(0x7F4D, change) == .wrongData, "\(row)")
        }
    }

    @Test func `every field of the device configuration is as it must be`() throws {
        let configuration = DeviceConfiguration(
            routingId: "roadworks", displayName: "Roadster", imageId: "roadster-1")
        try expectFields(
            of: 0x7F4E, configuration.encoded, optional: [0x80, 0x81, 0x85, 0x86],
            ofAnyLength: [0x81, 0x85, 0x86])
        let rows: [(String, StatusWord, (inout [TLV]) -> Void)] = [
            ("a code of five digits", .wrongData, { $0[0].value = [5] }),
            ("no code", .done, { $0[0].value = [0] }),
            ("an unknown DA", .wrongData, { $0[2].value = [2] }),
            ("unknown key tracking", .wrongData, { $0[4].value = [3] }),
            ("a routing id of 32 bytes", .done, { $0[1].value = Self.text(32) }),
            ("a routing id of 33 bytes", .wrongData, { $0[1].value = Self.text(33) }),
            ("a display name of 30 bytes", .done, { $0[5].value = Self.text(30) }),
            ("a display name of 31 bytes", .wrongData, { $0[5].value = Self.text(31) }),
            ("an image id of 40 bytes", .done, { $0[6].value = Self.text(40) }),
            ("an image id of 41 bytes", .wrongData, { $0[6].value = Self.text(41) }),
            ("a name that is no UTF-8", .wrongData, { $0[5].value = [0xC3, 0x28] }),
        ]
        for (row, status, change) in rows {
            #expect(try write(0x7F4E, change, of: configuration.encoded) == status, "\(row)")
        }
    }

    private static func text(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x61, count: count) }

    @Test func `the second batch is a statement or nothing, and its end`() throws {
        let statement = TLV(0x5F5A, [1, 2, 3])
        let rows: [(String, [TLV], StatusWord)] = [
            ("a statement", [statement, Self.end], .done), ("none", [Self.end], .done),
            ("an empty statement", [TLV(0x5F5A, [UInt8]()), Self.end], .done),
            ("a long one", [TLV(0x5F5A, Self.text(4000)), Self.end], .done),
            ("one too long", [TLV(0x5F5A, Self.text(4090)), Self.end], .noMemory),
            ("doubled", [statement, statement, Self.end], .wrongData),
            ("behind the end", [Self.end, statement], .wrongData),
            ("no end", [statement], .wrongData),
            ("an end with content", [statement, TLV(0x5F5F, [0])], .wrongData),
            ("two ends", [Self.end, Self.end], .wrongData),
            ("an unknown object", [TLV(0x5F5B, [1]), Self.end], .wrongData),
            ("an object of the first batch", [TLV(0x7F4E, [1]), Self.end], .wrongData),
        ]
        let ready = try readyForSecondBatch()
        for (row, objects, status) in rows {
            var car = ready
            #expect(try car.write(objects.encoded) == status, "\(row)")
            let isDone = status == .done
            let finish = car.send(OPControlFlow.phase2Finished.command).status
            #expect(finish == (isDone ? .done : .conditionsNotMet), "\(row)")
            // What was refused leaves no key and keeps the password for the next attempt.
            #expect(car.phone.element.keyIds.isEmpty != isDone, "\(row)")
            #expect((car.phone.state.pairing == nil) == isDone, "\(row)")
        }
    }

    @Test func `phase 2 is finished right after the second batch, or not at all`() throws {
        for command in [OPControlFlow.phase2Finished, .fieldResetFollows] {
            var early = try readyForSecondBatch()
            #expect(early.send(command.command).status == .conditionsNotMet)
            #expect(early.phone.element.keyIds.isEmpty)
        }
        var late = try readyForSecondBatch()
        #expect(try late.write(Self.end.encoded) == .done)
        #expect(
            try late.sendProtected(ins: Instruction.getData, [0x5F, 0x63]).status
                == .conditionsNotMet)
        #expect(late.send(OPControlFlow.phase2Finished.command).status == .conditionsNotMet)
        #expect(late.phone.element.keyIds.isEmpty)
    }

    /// After the field reset, with the key made.
    private func readyForSecondBatch() throws -> RawCar {
        var car = car
        #expect(try car.write((car.batch + [Self.end]).encoded) == .done)
        #expect(car.send(OPControlFlow.fieldResetFollows.command).status == .done)
        car.phone.fieldLost()
        _ = car.send(ApplicationID.framework.select)
        let answer = try car.sendProtected(ins: Instruction.getData, [0x5F, 0x63])
        #expect(answer.plain == [0x01])
        return car
    }
}
