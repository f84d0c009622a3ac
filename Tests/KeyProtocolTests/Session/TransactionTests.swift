// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

struct TransactionTests {
    @Test func `a standard transaction makes the next one fast`() throws {
        var car = try TestCar()
        let first = try car.tapOwner(.unlock)
        #expect(first.outcome?.transaction == .standard)
        #expect(first.commands.dropFirst().first?.prefix(4) == [0x80, 0x80, 0x00, 0x01])
        let second = try car.tapOwner(.lock)
        #expect(second.outcome?.transaction == .fast)
        #expect(second.commands.count == 3)
        #expect(second.outcome?.keyId == car.owner.key.publicKey.keyId)
    }

    @Test func `a stale secret falls through to standard in the same session`() throws {
        var car = try TestCar()
        _ = try car.tapOwner(.unlock)
        car.owner.kpersistent = [UInt8](repeating: 7, count: 32)
        let run = try car.tapOwner(.unlock)
        #expect(run.outcome?.transaction == .standard)
        #expect(run.commands.map { $0[1] } == [0xA4, 0x80, 0x81, 0x3C])
        #expect(try car.tapOwner(.unlock).outcome?.transaction == .fast)
    }

    @Test func `drive is never fast and reads the token`() throws {
        var car = try TestCar()
        _ = try car.tapOwner(.unlock)
        let run = try car.tapOwner(.drive)
        #expect(run.commands.map { $0[1] } == [0xA4, 0x80, 0x81, 0xC9, 0x3C])
        #expect(run.controlFlow == "0103")
    }

    @Test func `the last key used is tried first`() throws {
        var car = try TestCar()
        let config = KeyConfig(profile: .full, notBefore: car.start)
        var friend = try car.knownFriend(config)
        _ = try car.tap(&friend, .unlock)
        _ = try car.tapOwner(.unlock)
        #expect(car.record.keys.first?.keyId == car.owner.key.publicKey.keyId)
        _ = try car.tap(&friend, .unlock)
        #expect(car.record.keys.first?.keyId == friend.key.publicKey.keyId)
    }

    @Test func `a suspended key is no candidate and is told so`() throws {
        var car = try TestCar()
        _ = try car.tapOwner(.unlock)
        car.record.suspend(car.owner.key.publicKey.keyId)
        #expect(try car.tapOwner(.unlock).controlFlow == "0002")
        car.record.resume(car.owner.key.publicKey.keyId)
        #expect(try car.tapOwner(.unlock).controlFlow == "0101")
    }

    @Test func `an altered version list breaks the transaction in 0200`() throws {
        var car = try TestCar(keyVersion: .v0100)
        car.owner.fault = (0, { _ in [0x5C, 0x02, 0x02, 0x00, 0x90, 0x00] })
        #expect(try car.tapOwner(.unlock).controlFlow == "0000")
    }

    @Test func `an altered list to 0100 cannot lower a 0200 key`() throws {
        var car = try TestCar()
        car.owner.fault = (0, { _ in [0x5C, 0x02, 0x01, 0x00, 0x90, 0x00] })
        #expect(try car.tapOwner(.unlock).controlFlow == "0000")
    }

    @Test func `a key too new for the version is no candidate for fast`() throws {
        var car = try TestCar()
        _ = try car.tapOwner(.unlock)
        // A friend's key of 0100 makes the car ask for fast, whatever version there is.
        let old = try car.friend { $0.protocolVersion = [1, 0] }
        try car.install(old)
        var friend = old
        friend.versions = [.v0100]
        #expect(try car.tap(&friend, .unlock).outcome?.transaction == .standard)
        #expect(try car.tap(&friend, .unlock).outcome?.transaction == .fast)
        // The owner's phone makes a good cryptogram of 0100, for which its key is too new.
        car.owner.versions = [.v0100]
        let run = try car.tapOwner(.unlock)
        #expect(run.commands.map { $0[1] } == [0xA4, 0x80, 0x81, 0x3C])
        #expect(run.commands[1][2] == 0x01 && run.controlFlow == "0000")
        #expect(run.outcome?.isRefusal == true)
    }

    @Test func `the secret of the next fast transaction is stored before CONTROL FLOW`() throws {
        var car = try TestCar()
        let run = try car.tapOwner(.unlock)
        let saved = try #require(run.events.firstIndex(of: .saved))
        let last = try #require(run.commands.last)
        #expect(saved < (try #require(run.events.firstIndex(of: .sent(last)))))
    }

    @Test func `whatever one answer becomes, the session ends with its hint and nothing starts`()
        throws
    {
        var clean = try TestCar()
        let count = try clean.tapOwner(.drive).commands.count
        for index in 0..<count {
            for change in Damage.all {
                var car = try TestCar()
                var heard: [UInt8]?
                car.owner.fault = (
                    index,
                    {
                        heard = change($0)
                        return heard
                    }
                )
                let run = try car.tapOwner(.drive)
                guard index < count - 1 else {
                    // The decision was sent before its answer came.
                    #expect(run.controlFlow == "0103")
                    continue
                }
                #expect(run.outcome?.isRefusal == true, "\(index): \(heard?.hex ?? "gone")")
                #expect(
                    run.controlFlow == Damage.controlFlow(after: heard, index),
                    "\(index): \(heard?.hex ?? "gone")")
            }
        }
    }
}
