// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import Testing

/// Every check of the first friend transaction, one thing wrong per row, and the CONTROL FLOW the phone
/// must get (PROTOCOL 10.6).
struct FirstFriendTableTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var controlFlow: String
        /// A friend's phone with a package, and what is wrong with it or with the car.
        var friend: @Sendable (inout TestCar) throws -> TestApplet

        init(
            _ controlFlow: String, _ name: String,
            _ friend: @escaping @Sendable (inout TestCar) throws -> TestApplet
        ) {
            (self.controlFlow, testDescription, self.friend) = (controlFlow, name, friend)
        }

        /// A good package in a phone or a car that is not as it should be.
        init(
            _ controlFlow: String, _ name: String,
            arrange: @escaping @Sendable (inout TestCar, inout TestApplet) throws -> Void
        ) {
            self.init(controlFlow, name) { car in
                var friend = try car.friend()
                try arrange(&car, &friend)
                return friend
            }
        }

        /// A package that says something else, under the owner's own signature.
        init(
            _ controlFlow: String, _ name: String,
            saying change: @escaping @Sendable (inout AttestationBody) throws -> Void
        ) {
            self.init(controlFlow, name) { car in
                try car.friend { body in
                    // A body is changed as a whole or not at all.
                    var changed = body
                    if (try? change(&changed)) != nil { body = changed }
                }
            }
        }
    }

    static let slots: [Row] = [
        Row("0002", "1 retired", arrange: { car, friend in car.record.retire([friend.slot]) }),
        Row("0002", "1 bound without a key") { car, friend in
            car.record.slots = SlotLedger([friend.slot: .bound])
        },
        Row("0001", "1 never issued", arrange: { $0.record.slots = SlotLedger([$1.slot: .free]) }),
        Row("0001", "1 index 01, though issued") { car, friend in
            friend.slot = SlotID(generation: 1, position: 1)
            car.record.slots = SlotLedger([friend.slot: .issued])
        },
        Row("0001", "1 an index no car has") { car, friend in
            friend.slot = SlotID(generation: 0, position: 9)
        },
        Row("0001", "1 the owner's key is suspended") { car, _ in
            car.record.suspend(car.owner.key.publicKey.keyId)
        },
        Row("0001", "1 the owner's key is gone") { car, _ in
            car.record.terminate(car.owner.key.publicKey.keyId)
        },
    ]

    static let packages: [Row] = [
        Row("0001", "2 no package") {
            $1.privateMailbox.replaceSubrange(0x100..<0x102, with: [0, 0])
        },
        Row("0001", "2 a package longer than its area") {
            $1.privateMailbox.replaceSubrange(0x100..<0x102, with: [0x02, 0xFF])
        },
        Row("0007", "3 a byte after the package") {
            let length = Int($1.privateMailbox[0x100]) << 8 | Int($1.privateMailbox[0x101])
            let longer = UInt16(length + 1).bigEndianBytes
            $1.privateMailbox.replaceSubrange(0x100..<0x102, with: longer)
        },
        Row("0007", "3 a byte less than the package") { $1.privateMailbox[0x101] -= 1 },
        // 30 82 xx xx 30 82 xx xx 02 01 01: the version stands at byte 10.
        Row("0007", "3 version 2") { $1.privateMailbox[0x102 + 10] = 2 },
        Row("0007", "3 signed by another key") {
            try $0.friend(signedBy: .generate(.system, for: "other"))
        },
        Row("0007", "3 signed by the friend") { car in
            var friend = try car.friend()
            let own = try car.friend(signedBy: friend.key) { $0.friendPK = friend.key.publicKey }
            friend.privateMailbox = own.privateMailbox
            return friend
        },
        Row("0007", "3 endpoint_sig by another key") {
            $1.signingKey = .generate(.system, for: "other")
        },
        Row("0007", "3 endpoint_sig that stands for something else") { $1.usage = .vehicle },
        Row("0007", "3 of a former owner's signature") { car, _ in
            car.record.keys[0] = KeyRecord(
                slotId: car.owner.slot,
                publicKey: PrivateKey.generate(.system, for: "next owner").publicKey,
                version: .v0200, config: car.record.keys[0].config)
        },
        Row("0007", "3 a key version above the one selected") { $1.versions = [.v0100] },
    ]

    static let words: [Row] = [
        Row(
            "0007", "3 vehicleId",
            saying: { $0.vehicleId = try VehicleID([8, 7, 6, 5, 4, 3, 2, 1]) }),
        Row("0007", "3 ownerKeyId", saying: { $0.ownerKeyId = other }),
        Row("0007", "3 friendKeyId", saying: { $0.friendKeyId = other }),
        Row("0007", "3 slotId", saying: { $0.slotId = SlotID(generation: 0, position: 3) }),
        Row("0007", "3 protocolVersion 0201", saying: { $0.protocolVersion = [2, 1] }),
        Row("0007", "3 protocolVersion 0300", saying: { $0.protocolVersion = [3, 0] }),
        Row("0007", "3 profile owner", saying: { $0.keyConfig.profile = .owner }),
        Row(
            "0007", "3 another friend's key",
            saying: {
                $0.friendPK = PrivateKey.generate(.system, for: "other").publicKey
                $0.friendKeyId = $0.friendPK.keyId
            }),
        Row("0003", "notAfter passed", saying: { $0.keyConfig.notAfter = .test }),
        Row("0005", "activationTag without a code", saying: { $0.activationTag = $0.nonce }),
        // The first failure decides.
        Row(
            "0007", "3 before notAfter",
            saying: {
                ($0.ownerKeyId, $0.keyConfig.notAfter) = (other, .test)
            }),
        Row(
            "0003", "notAfter before the code",
            saying: {
                ($0.keyConfig.notAfter, $0.activationTag) = (.test, $0.nonce)
            }),
    ]

    private static let other = PrivateKey.generate(.system, for: "other").publicKey.keyId

    @Test(arguments: slots + packages + words)
    func `each check of a friend's first tap fails with its own hint`(row: Row) throws {
        var car = try TestCar()
        var friend = try row.friend(&car)
        let (record, mailbox) = (car.record, friend.privateMailbox)
        let run = try car.tap(&friend, .unlock)
        #expect(run.controlFlow == row.controlFlow)
        #expect(run.outcome?.isRefusal == true && run.facts.isEmpty)
        // The car knows no key more, and the package stays where it is.
        #expect(car.record == record && friend.privateMailbox == mailbox)
    }

    @Test func `a package is good for the lowest version its key allows`() throws {
        for version in [[1, 0], [2, 0]] as [[UInt8]] {
            var car = try TestCar()
            var friend = try car.friend { $0.protocolVersion = version }
            if version == [1, 0] { friend.versions = [.v0100] }
            #expect(try car.tap(&friend, .unlock).controlFlow == "0101", "\(version)")
        }
    }

    @Test func `a car with 32 keys takes no other, says so, and takes it once there is room`()
        throws
    {
        var car = try TestCar()
        car.record.fill()
        var friend = try car.friend()
        let full = try car.tap(&friend, .unlock)
        #expect(
            full.outcome?.result
                == .refused(
                    "The car holds 32 keys already and takes no other.", ControlFlow.Hint.none))
        #expect(full.controlFlow == "0000" && car.record.keys.count == 32)
        #expect(car.record.slots.state(of: friend.slot) == .issued)
        #expect(throws: PKIError.range("more than 32 keys")) { try car.install(friend) }
        car.record.terminate(try #require(car.record.keys.last).keyId)
        #expect(try car.tap(&friend, .unlock).controlFlow == "0101")
    }

    @Test func `whatever one answer becomes, a friend's tap ends, and never with drive`() throws {
        // SELECT, AUTH0, AUTH1, six EXCHANGEs, CONTROL FLOW.
        for index in 0..<10 {
            for change in Damage.all {
                var car = try TestCar()
                var friend = try car.friend()
                var heard: [UInt8]?
                friend.fault = (
                    index,
                    {
                        heard = change($0)
                        return heard
                    }
                )
                let run = try car.tap(&friend, .drive)
                var expected = index == 9 ? "0103" : Damage.controlFlow(after: heard, index)
                // A list that lacks 0200 leaves 0100, which is below the version of the package.
                if index == 0, let heard, offers(heard) == [.v0100] { expected = "0007" }
                #expect(run.controlFlow == expected, "\(index): \(heard?.hex ?? "gone")")
                #expect(run.outcome?.isRefusal == (index < 9))
                #expect(car.record.keys.count == (index < 6 ? 1 : 2), "\(index)")
            }
        }
    }

    /// What an answer to SELECT offers of the two versions.
    private func offers(_ answer: [UInt8]) -> [ProtocolVersion] {
        guard answer.suffix(2) == [0x90, 0x00],
            let selection = try? AppletSelection(parsing: Array(answer.dropLast(2)))
        else { return [] }
        return selection.versions.filter { [.v0200, .v0100].contains($0) }
    }
}
