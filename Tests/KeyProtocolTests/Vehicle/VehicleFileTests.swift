// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

@Suite struct VehicleFileTests {
    /// An owner, a suspended friend, slots of every state, a password.
    private func car() throws -> TestCar {
        var car = try TestCar()
        _ = try car.tapOwner(.unlock)
        let friend = try car.knownFriend(
            KeyConfig(profile: .valet, notBefore: car.start, maxSpeedKmh: 105))
        car.record.suspend(friend.key.publicKey.keyId)
        car.record.retire([SlotID(generation: 0, position: 3)])
        _ = car.record.slots.issue(position: 3)
        car.record.apply(
            pairing: PairingMode(
                id: "p", expiresAt: .test, w0: [UInt8](repeating: 1, count: 32),
                L: [UInt8](repeating: 4, count: 65), salt: [UInt8](repeating: 2, count: 16),
                N: 4096, r: 8, p: 1))
        return car
    }

    private func file(_ car: TestCar) -> VehicleFile {
        car.record.file(
            environment: "testing", displayName: "Roadster",
            encryptionKey: car.receipts, root: "J", signature: "Q")
    }

    @Test func `a car comes back from its file with keys, slots and password`() throws {
        var car = try car()
        car.record.hasTrustedTime = false
        let json = try JSONEncoder().encode(file(car))
        let read = try JSONDecoder().decode(VehicleFile.self, from: json)
        #expect(read == file(car))
        var fresh = VehicleRecord(
            identity: car.record.identity,
            configuration: VehicleConfiguration(ownerNotBefore: .test))
        try fresh.adopt(read, at: .test)
        #expect(fresh == car.record)
    }

    @Test func `a car from a file opens to the phone of before at once`() throws {
        var car = try car()
        var fresh = VehicleRecord(
            identity: car.record.identity,
            configuration: VehicleConfiguration(ownerNotBefore: .test))
        try fresh.adopt(file(car), at: .test)
        car.record = fresh
        let run = try car.tapOwner(.unlock)
        #expect(run.outcome?.transaction == .fast)
    }

    @Test func `a key that was suspended before the car had it stays suspended in a file`() throws {
        var car = try car()
        let stranger = KeyID(uncheckedBytes: [UInt8](repeating: 7, count: KeyID.size))
        car.record.suspend(stranger)
        let file = file(car)
        var fresh = VehicleRecord(
            identity: car.record.identity,
            configuration: VehicleConfiguration(ownerNotBefore: .test))
        try fresh.adopt(file, at: .test)
        #expect(fresh == car.record && fresh.isSuspendedAhead(stranger))

        var damaged = file
        damaged.suspendedAhead?.append("07")
        #expect(throws: PKIError.material("suspendedAhead: not of the right form")) {
            try fresh.adopt(damaged, at: .test)
        }
    }

    @Test func `a file from before keys were suspended ahead is read`() throws {
        let car = try car()
        let json = try JSONEncoder().encode(file(car))
        #expect(!String(decoding: json, as: UTF8.self).contains("suspendedAhead"))
        var record = car.record
        record.suspend(KeyID(uncheckedBytes: [UInt8](repeating: 7, count: KeyID.size)))
        try record.adopt(JSONDecoder().decode(VehicleFile.self, from: json), at: .test)
        #expect(record == car.record)
    }

    @Test func `a file prints no secret`() throws {
        let file = file(try car())
        #expect("\(file)" == "<redacted>" && String(reflecting: file) == "<redacted>")
    }

    @Test(arguments: ["options", "mapping", "brand"])
    func `a damaged file is refused without quoting it`(member: String) throws {
        let car = try car()
        let json = String(decoding: try JSONEncoder().encode(file(car)), as: UTF8.self)
        let damaged = json.replacing("\"\(member)\":\"", with: "\"\(member)\":\"zz")
        let read = try JSONDecoder().decode(VehicleFile.self, from: Data(damaged.utf8))
        var record = car.record
        #expect(throws: PKIError.material("\(member): not of the right form")) {
            try record.adopt(read, at: .test)
        }
    }
}
