// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

/// Every field a car sends in owner pairing wrong, missing, doubled, misplaced or oversized, and the
/// status word the phone must answer (PROTOCOL 5.3, 7.3, 7.4).
@Suite("What a phone makes of a car that pairs")
struct PairingTableTests {
    private let world: TestWorld
    /// With the secure channel open.
    private let car: RawCar
    private static let end = TLV(0x5F5F, [UInt8]())
    // Made once and copied: scrypt is slow on purpose.
    private static let prepared = Result {
        var car = try RawCar(TestWorld())
        try car.openChannel()
        return car
    }

    init() throws {
        car = try Self.prepared.get()
        world = car.world
    }

    @Test func `REQUEST is refused field by field`() throws {
        let fresh = try RawCar(world)
        let request = fresh.request
        func cost(_ change: (inout [TLV]) -> Void) throws -> TLV {
            var objects = try TLV.list(TLVMap(request.encoded).value(0x7F50))
            change(&objects)
            return TLV(0x7F50, objects)
        }
        var rows: [(String, StatusWord, (inout [TLV]) throws -> Void)] = [
            ("version unknown", .wrongData, { $0[0].value = [2, 0] }),
            ("highest common not first", .wrongData, { $0[1].value = [1, 0, 2, 0] }),
            ("no common version", .wrongData, { $0[1].value = [3, 0] }),
            ("half a version", .wrongData, { $0[1].value = [2, 0, 1] }),
            ("no versions", .wrongData, { $0[1].value = [] }),
            ("N too small", .wrongEvidence, { $0[2] = try cost { $0[1].value = [0, 0, 8, 0] } }),
            ("N too large", .wrongEvidence, { $0[2] = try cost { $0[1].value = [0, 2, 0, 0] } }),
            ("N no power", .wrongEvidence, { $0[2] = try cost { $0[1].value = [0, 0, 0x80, 1] } }),
            ("r", .wrongEvidence, { $0[2] = try cost { $0[2].value = [0, 9] } }),
            ("p", .wrongEvidence, { $0[2] = try cost { $0[3].value = [0, 2] } }),
            (
                "salt of zeros", .wrongEvidence,
                { $0[2] = try cost { $0[0].value = [UInt8](repeating: 0, count: 16) } }
            ),
            ("salt short", .wrongData, { $0[2] = try cost { $0[0].value.removeLast() } }),
            ("cost reordered", .wrongData, { $0[2] = try cost { $0.swapAt(2, 3) } }),
            ("brand long", .wrongData, { $0[3].value.append(0) }),
            ("unknown object ignored", .done, { $0.insert(TLV(0x5F44, [1, 2]), at: 2) }),
        ]
        for index in 0..<4 {
            rows.append(("\(index) missing", .wrongData, { $0.remove(at: index) }))
            rows.append(("\(index) doubled", .wrongData, { $0.insert($0[index], at: index) }))
            rows.append(("\(index) misplaced", .wrongData, { $0.swapAt(index, (index + 1) % 4) }))
        }
        for (row, status, change) in rows {
            var car = fresh
            var objects = try TLV.list(request.encoded)
            try change(&objects)
            let answer = car.send(
                CommandAPDU(cla: 0x80, ins: Instruction.spakeRequest, data: objects.encoded))
            #expect(answer.status == status, "\(row)")
            #expect(status == .done || answer.body.isEmpty, "\(row)")
        }
        var idle = try world.phone("bob")
        _ = idle.respond(to: ApplicationID.framework.select.encoded, at: TestWorld.noon)
        #expect(idle.respond(to: request.command.encoded, at: TestWorld.noon).hex == "9484")
    }

    @Test func `VERIFY counts every failure and the seventh drops the password`() throws {
        var car = try RawCar(world)
        let offCurve = [0x04] + [UInt8](repeating: 1, count: 64)
        for attempt in 1...7 {
            #expect(car.send(car.request.command).status == .done)
            let share = attempt % 2 == 0 ? offCurve : world.vehicle.publicKey.bytes
            let data = [TLV(0x52, share), TLV(0x57, [UInt8](repeating: 0, count: 16))].encoded
            let verify = CommandAPDU(cla: 0x80, ins: Instruction.spakeVerify, data: data)
            #expect(car.send(verify).status == .wrongEvidence)
            // The session is gone, so VERIFY again is out of order.
            #expect(car.send(verify).status == .conditionsNotMet)
        }
        #expect(car.phone.state.pairing == nil)
        #expect(car.send(car.request.command).status == .notReadyForPairing)
    }

    @Test func `VERIFY may come in either order, but whole`() throws {
        let share = TLV(0x52, world.vehicle.publicKey.bytes)
        let evidence = TLV(0x57, [UInt8](repeating: 0, count: 16))
        let rows: [([TLV], StatusWord)] = [
            ([evidence, share], .wrongEvidence),
            (
                [TLV(0x52, share.value + [0]), TLV(0x57, Array(evidence.value.dropLast()))],
                .wrongData
            ),
            ([TLV(0x53, share.value), evidence], .wrongData),
            ([share, TLV(0x58, evidence.value)], .wrongData),
        ]
        for (objects, status) in rows {
            var car = try RawCar(world)
            #expect(car.send(car.request.command).status == .done)
            let verify = CommandAPDU(
                cla: 0x80, ins: Instruction.spakeVerify, data: objects.encoded)
            #expect(car.send(verify).status == status)
        }
    }

    @Test func `the first batch is accepted in any split that ends with its end marker`() throws {
        let stream = car.batch.encoded + Self.end.encoded
        for size in [7, 16, 100, 238, 239] {
            var car = car
            #expect(try car.write(stream, size: size) == .done, "\(size) bytes each")
            #expect(car.send(OPControlFlow.fieldResetFollows.command).status == .done)
        }
    }

    @Test func `the first batch is refused object by object`() throws {
        var rows: [(String, [TLV])] = [
            ("no end marker", car.batch),
            ("end marker with content", car.batch + [TLV(0x5F5F, [0])]),
            ("something after the end", car.batch + [Self.end, TLV(0x5F5A, [1])]),
            ("unknown object", [TLV(0x7F70, [1])] + car.batch + [Self.end]),
        ]
        for index in car.batch.indices {
            var objects = car.batch
            let removed = objects.remove(at: index)
            rows.append(("\(removed.tag) missing", objects + [Self.end]))
            rows.append(("\(removed.tag) doubled", [removed] + car.batch + [Self.end]))
            rows.append(("\(removed.tag) misplaced", objects + [Self.end, removed]))
            objects.insert(TLV(removed.tag, [UInt8]()), at: index)
            rows.append(("\(removed.tag) empty", objects + [Self.end]))
            objects[index] = TLV(removed.tag, Array(removed.value.dropLast()))
            rows.append(("\(removed.tag) cut off", objects + [Self.end]))
        }
        for (row, objects) in rows {
            var car = car
            #expect(try car.write(objects.encoded) == .wrongData, "\(row)")
            #expect(car.send(OPControlFlow.fieldResetFollows.command).status == .conditionsNotMet)
        }
    }

    @Test func `creation data that does not fit the car is refused`() throws {
        let other = PrivateKey.generate(world.random, for: "other").publicKey.bytes
        let rows: [(String, (inout EndpointCreationData) -> Void)] = [
            ("another vehicle", { $0.vehicleId = VehicleID(uncheckedBytes: [UInt8](1...8)) }),
            ("another vehicle key", { $0.vehicleKey = other }),
            ("a vehicle key that is no point", { $0.vehicleKey[64] ^= 1 }),
            ("another version than agreed", { $0.version = .v0100 }),
            ("not contactless", { $0.options.transactions.remove(.contactless) }),
            ("reserved bits", { $0.options.rights = KeyOptions.Rights(rawValue: 0x13) }),
            (
                "ends before it begins",
                { ($0.notBefore, $0.notAfter) = ($0.notAfter, $0.notBefore) }
            ),
            ("mailbox too large", { $0.privateSize = 2049 }),
            ("mailbox smaller than its mapping", { $0.privateSize = 0x300 }),
            ("confidential mailbox too large", { $0.confidentialSize = 2049 }),
            ("an automaker nobody knows", { $0.authorizedKeys = [other] }),
            ("no automaker", { $0.authorizedKeys = [] }),
            ("six automakers", { $0.authorizedKeys += [other, other, other, other, other] }),
            (
                "an account hash of 31 bytes",
                { $0.accountInfoHash = [UInt8](repeating: 1, count: 31) }
            ),
        ]
        for (row, change) in rows {
            var car = car
            var creation = car.creation
            change(&creation)
            let batch = [TLV(0x7F4A, creation.encoded)] + car.batch.dropFirst() + [Self.end]
            #expect(try car.write(batch.encoded) == .wrongData, "\(row)")
        }
    }

    @Test func `a vehicle certificate issued under another name than the automaker's is refused`()
        throws
    {
        for (name, status) in [("Test Automaker", StatusWord.done), ("Another", .wrongData)] {
            var car = car
            let certificate = try CertificateIssuer(name: name, key: world.automakerRoot).vehicle(
                for: world.vehicle.publicKey, vehicleId: world.vehicleId,
                notBefore: TestWorld.noon.adding(seconds: -60), random: world.random)
            var batch = car.batch
            batch[1].value = certificate.der
            #expect(try car.write((batch + [Self.end]).encoded) == status, "\(name)")
            let refusals = car.phone.takeEvents().filter {
                if case .carRefused = $0 { true } else { false }
            }
            #expect(refusals.isEmpty == (status == .done))
        }
    }

    @Test func `a cross certificate under another name than the phone maker's is refused`() throws {
        for (name, status) in [("Test Phone Maker", StatusWord.done), ("Another", .wrongData)] {
            var car = car
            let cross = CertificateRequest(
                .crossCertificate, for: world.automakerRoot.publicKey, named: "Test Automaker",
                notBefore: TestWorld.noon.adding(seconds: -60), notAfter: .noEnd)
            car.phone.state.automakers[0].deviceRootKey = world.deviceRoot.publicKey
            car.phone.state.automakers[0].crossCertificate = try CertificateIssuer(
                name: name, key: world.deviceRoot
            ).certificate(cross, random: world.random).der
            #expect(try car.write((car.batch + [Self.end]).encoded) == status, "\(name)")
        }
    }

    @Test func `a batch over 4096 bytes is 6A84`() throws {
        var car = car
        let stream = [TLV(0x7F4B, [UInt8](repeating: 0x30, count: 4200))].encoded
        #expect(try car.write(stream) == .noMemory)
    }

    @Test(arguments: [0, 1, 7, 24, 40])
    func `a protected command with one wrong bit is 6988 and ends the session`(bit: Int) throws {
        var car = car
        var data = try car.channel.sealCommand([UInt8](repeating: 1, count: 30))
        data[bit % data.count] ^= 0x10
        let command = CommandAPDU(cla: 0x84, ins: Instruction.writeData, data: data)
        #expect(car.send(command).status == .channel)
        #expect(car.send(command).status == .conditionsNotMet)
    }

    @Test(arguments: [0, 7, 9, 15, 25])
    func `a protected command of impossible length is 6988`(count: Int) throws {
        var car = car
        let data = [UInt8](repeating: 1, count: count)
        let command = CommandAPDU(cla: 0x84, ins: Instruction.writeData, data: data)
        #expect(car.send(command).status == .channel)
    }

    @Test func `certificates come when they are ready and in pieces`() throws {
        var car = car
        car.phone.pendingPolls = 2
        #expect(try car.write((car.batch + [Self.end]).encoded) == .done)
        #expect(car.send(OPControlFlow.fieldResetFollows.command).status == .done)
        car.phone.fieldLost()
        _ = car.send(ApplicationID.framework.select)
        let get = Instruction.getData
        for expected in [0x00, 0x00, 0x01] as [UInt8] {
            let answer = try car.sendProtected(ins: get, [0x5F, 0x63])
            #expect(answer.plain == [expected] && answer.status == .done)
        }
        var H: [UInt8] = []
        var answer = try car.sendProtected(ins: get, [0x7F, 0x62])
        H += answer.plain
        while answer.status.hasMoreData {
            #expect(answer.plain.count == 239)
            try car.channel.passCommand()
            let more = car.send(CommandAPDU(cla: 0x00, ins: Instruction.getResponse))
            answer = (try car.channel.openResponse(more.body), more.status)
            H += answer.plain
        }
        #expect(answer.status == .done && H.count > 239)
        // Nothing is left.
        #expect(
            car.send(CommandAPDU(cla: 0x00, ins: Instruction.getResponse)).status
                == .conditionsNotMet)
        #expect(car.phone.element.keyIds.isEmpty)
    }

    @Test func `a SELECT in between drops what was still to be fetched`() throws {
        var car = car
        #expect(try car.write((car.batch + [Self.end]).encoded) == .done)
        #expect(car.send(OPControlFlow.fieldResetFollows.command).status == .done)
        car.phone.fieldLost()
        _ = car.send(ApplicationID.framework.select)
        #expect(try car.sendProtected(ins: Instruction.getData, [0x7F, 0x60]).status.hasMoreData)
        #expect(car.send(ApplicationID.framework.select).status == .done)
        let rest = car.send(CommandAPDU(cla: 0x00, ins: Instruction.getResponse))
        #expect(rest.status == .conditionsNotMet && !car.phone.isPairing)
    }

    @Test func `the end of a batch is told right after it, or not at all`() throws {
        var car = car
        #expect(try car.write((car.batch + [Self.end]).encoded) == .done)
        #expect(car.send(ApplicationID.framework.select).status == .done)
        #expect(car.send(OPControlFlow.fieldResetFollows.command).status == .conditionsNotMet)
    }

    @Test(arguments: [[0x5F], [0x5F, 0x63, 0x00], [0x5F, 0x64], [0x7F, 0x63], []] as [[UInt8]])
    func `GET DATA for something else is 6A80`(tag: [UInt8]) throws {
        var car = car
        #expect(try car.write((car.batch + [Self.end]).encoded) == .done)
        #expect(car.send(OPControlFlow.fieldResetFollows.command).status == .done)
        car.phone.fieldLost()
        _ = car.send(ApplicationID.framework.select)
        #expect(try car.sendProtected(ins: Instruction.getData, tag).status == .wrongData)
    }

    @Test func `a certificate asked for too early is 6985`() throws {
        var car = car
        car.phone.pendingPolls = 3
        #expect(try car.write((car.batch + [Self.end]).encoded) == .done)
        #expect(car.send(OPControlFlow.fieldResetFollows.command).status == .done)
        car.phone.fieldLost()
        _ = car.send(ApplicationID.framework.select)
        let answer = try car.sendProtected(ins: Instruction.getData, [0x7F, 0x60])
        #expect(answer.status == .conditionsNotMet)
    }
}
