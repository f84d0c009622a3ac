// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyProtocol
import PhoneHost
import ServiceKit
import Synchronization
import TestKit
import Testing
import VirtualPhone

@Suite struct TapTests {
    static let selectApplet: [UInt8] =
        [0x00, 0xA4, 0x04, 0x00, 0x0D] + ApplicationID.applet.bytes + [0x00]
    static let refusal: [UInt8] = [0x80, 0x3C, 0x00, 0x01]
    static let unlocked: [UInt8] = [0x80, 0x3C, 0x01, 0x01]
    private static let doorFrame = PollingFrame(
        of: TerminalID(.forTests, at: .door), in: VehicleID(uncheckedBytes: [UInt8](1...8))
    ).encoded
    private static let pairingFrame = PollingFrame(
        offeringPairing: TerminalID(.forTests, at: .dashboard)
    ).encoded

    /// Taps a phone without keys on a reader that follows `script`; the script's answers come back.
    func tap(
        _ options: TapOptions = TapOptions(timeout: .seconds(4)),
        _ script: @escaping @Sendable (FakeReader) -> [[UInt8]]
    ) throws -> (TapResult, [[UInt8]]) {
        let bench = try Bench()
        let phone = try bench.make("alice")
        let reader = try FakeReader()
        let answers = Mutex<[[UInt8]]>([])
        let box = Box(answers)
        reader.start { reader in
            let all = script(reader)
            box.value.withLock { $0 = all }
        }
        let result = try phone.tap(reader.address, options)
        return (result, box.value.withLock { $0 })
    }

    private final class Box: Sendable {
        let value: Mutex<[[UInt8]]>
        init(_ value: consuming Mutex<[[UInt8]]>) { self.value = value }
    }

    @Test func `the phone answers power, ATR and commands, and leaves after the last word`() throws
    {
        let (result, answers) = try tap { reader in
            reader.sendFrame([0x01])
            let answers = [
                reader.ask([0x04]), reader.ask(Self.selectApplet), reader.ask(Self.unlocked),
            ]
            reader.sendFrame([0x00])
            return answers
        }
        #expect(result.ending == .controlFlow(.success(.unlocked)))
        #expect(result.isSuccess)
        #expect(result.apdus == 2)
        #expect(result.text.hasPrefix("unlocked (2 APDUs"))
        #expect(
            answers.map(\.hex) == ["3b80800101", "5c04020001009000", "9000"])
    }

    @Test func `a refusal names its reason`() throws {
        let (result, _) = try tap { reader in
            [reader.ask(Self.selectApplet), reader.ask(Self.refusal)]
        }
        #expect(!result.isSuccess)
        #expect(result.text.contains("This phone has no key for this car."))
        #expect(result.hint != nil)
    }

    @Test func `a phone whose maker knows no automaker does not try to pair`() throws {
        let phone = try Bench(hasAutomaker: false).make("alice")
        #expect(throws: PhoneHostError.noAutomaker) {
            try phone.tap(
                #require(ListenAddress("127.0.0.1:1")), TapOptions(password: "12345678"))
        }
    }

    @Test func `the reason a car gives after the phone gave up is told, and ends the tap`() throws {
        let select = ApplicationID.framework.select.encoded
        let verify = CommandAPDU(
            cla: 0x80, ins: Instruction.spakeVerify, data: [UInt8](repeating: 0, count: 85))
        let (result, answers) = try tap(TapOptions(password: "12345678", timeout: .seconds(20))) {
            reader in
            [
                reader.ask(select), reader.ask(verify.encoded),
                reader.ask(OPControlFlow.abort(.evidenceFailed).command.encoded),
            ]
        }
        #expect(answers.last == [0x90, 0x00])
        #expect(result.ending == .pairingFailed(.abort(.evidenceFailed)))
        #expect(result.text.contains("password is wrong"))
    }

    @Test func `a car that is not in pairing mode is named as the reason`() throws {
        let (result, _) = try tap(TapOptions(password: "12345678", timeout: .seconds(4))) {
            reader in [reader.ask(Self.selectApplet)]
        }
        #expect(!result.isSuccess)
        #expect(result.text.hasPrefix("not paired"))
        #expect(result.hint?.contains("latchkey vehicle pair") == true)
    }

    @Test func `a frame that comes in pieces is one frame`() throws {
        let (result, answers) = try tap { reader in
            for byte in [0x00, UInt8(Self.selectApplet.count)] + Self.selectApplet.dropLast() {
                reader.sendRaw([byte])
                usleep(2_000)
            }
            reader.sendRaw([0x00])
            _ = reader.ask([0x04])
            return [reader.ask(Self.unlocked)]
        }
        #expect(result.apdus == 2)
        #expect(answers.count == 1)
    }

    @Test func `power events select nothing and lose nothing`() throws {
        let (_, answers) = try tap { reader in
            _ = reader.ask(Self.selectApplet)
            reader.sendFrame([0x00])
            reader.sendFrame([0x01])
            reader.sendFrame([0x02])
            return [reader.ask([0x80, 0x80, 0x00, 0x01, 0x00]), reader.ask(Self.selectApplet)]
                + [reader.ask(Self.unlocked)]
        }
        #expect(answers.map { $0.suffix(2).hex } == ["6985", "9000", "9000"])
    }

    @Test func `a polling frame is shown, not answered, and is no command`() throws {
        let (result, answers) = try tap { reader in
            reader.sendFrame([0x01])
            reader.sendFrame(Self.doorFrame)
            return [reader.ask([0x04]), reader.ask(Self.selectApplet), reader.ask(Self.unlocked)]
        }
        #expect(answers.map(\.hex) == ["3b80800101", "5c04020001009000", "9000"])
        #expect(result.apdus == 2)
        #expect(result.announcement?.terminal == TerminalID(.forTests, at: .door))
        #expect(result.announcement?.choice == .nothing)
        #expect(
            result.announcement?.sentence == "reader announced: door of make FFF, no key for it")
    }

    @Test func `a polling frame of a kind nobody knows is neither shown nor answered`() throws {
        let foreign: [UInt8] = [0x6A, 0x02, 0xC8, 0x01, 0x00, 0x03]
        let (result, answers) = try tap { reader in
            reader.sendFrame(foreign + PollingFrame.crc(foreign))
            return [reader.ask(Self.selectApplet), reader.ask(Self.unlocked)]
        }
        #expect(answers.map(\.hex) == ["5c04020001009000", "9000"])
        #expect(result.announcement == nil)
    }

    @Test(
        arguments: [
            ([0x6A, 0x02], "6700"), ([0x6A, 0x02, 0x00, 0x00], "6e00"),
            ([0x6A, 0x02, 0xC3, 0x02, 0x01, 0x01, 0xFF, 0xF1, 0x00, 0x00], "6700"),
        ] as [([UInt8], String)])
    func `what begins like a polling frame and has no checksum is a command like any other`(
        _ frame: [UInt8], _ status: String
    ) throws {
        let (result, answers) = try tap { reader in
            [reader.ask(frame), reader.ask(Self.selectApplet), reader.ask(Self.unlocked)]
        }
        #expect(answers.map(\.hex) == [status, "5c04020001009000", "9000"])
        #expect(result.announcement == nil)
    }

    @Test func `an offer to set up a key asks for the password and does nothing by itself`()
        throws
    {
        let (result, answers) = try tap { reader in
            reader.sendFrame(Self.pairingFrame)
            let select: [UInt8] =
                [0x00, 0xA4, 0x04, 0x00, 0x0D] + ApplicationID.framework.bytes + [0x00]
            let answers = [reader.ask(select)]
            reader.leave()
            return answers
        }
        #expect(result.announcement?.choice == .setup)
        #expect(answers.map { $0.hex.contains("d40100") } == [true])
        #expect(result.hint?.contains("latchkey vehicle pair") == true)
    }

    @Test func `a car that waits for its owner tells a phone without a key to bring the password`()
        throws
    {
        let (result, _) = try tap { reader in
            reader.sendFrame(Self.pairingFrame)
            return [reader.ask(Self.selectApplet), reader.ask(Self.refusal)]
        }
        #expect(result.hint?.contains("--password") == true)
    }

    @Test func `a phone that would pair at the door is sent to the dashboard`() throws {
        let options = TapOptions(password: "12345678", timeout: .seconds(4))
        let (result, _) = try tap(options) { reader in
            reader.sendFrame(Self.doorFrame)
            return [reader.ask(Self.selectApplet), reader.ask(Self.refusal)]
        }
        #expect(!result.isSuccess)
        #expect(result.hint == "pairing works at the dashboard reader only")
    }

    @Test func `a token the car does not take is not mended by another tap`() throws {
        let (result, _) = try tap { reader in
            [reader.ask(Self.selectApplet), reader.ask([0x80, 0x3C, 0x00, 0x06])]
        }
        #expect(result.hint?.contains("the owner pairs again") == true)
    }

    @Test func `a command too long for an APDU is answered 6700`() throws {
        let (_, answers) = try tap { reader in
            let answers = [reader.ask([UInt8](repeating: 0x00, count: 600))]
            reader.leave()
            return answers
        }
        #expect(answers.map(\.hex) == ["6700"])
    }

    @Test(arguments: [[0x13, 0x88, 0x00], [0x00, 0x01, 0x07], [0x00, 0x00]] as [[UInt8]])
    func `what is no frame ends the tap`(_ bytes: [UInt8]) throws {
        #expect(throws: PhoneHostError.self) {
            try tap { reader in
                reader.sendRaw(bytes)
                return []
            }
        }
    }

    @Test func `a reader that leaves in the middle of a frame interrupts`() throws {
        let (result, _) = try tap { reader in
            _ = reader.ask(Self.selectApplet)
            reader.sendRaw([0x00, 0x20, 0x80])
            reader.leave()
            return []
        }
        #expect(result.ending == .interrupted)
        #expect(!result.isSuccess)
    }

    @Test func `pairing stays through a reader that closes and comes back`() throws {
        let options = TapOptions(password: "12345678", timeout: .seconds(4))
        let (result, answers) = try tap(options) { reader in
            let select: [UInt8] =
                [0x00, 0xA4, 0x04, 0x00, 0x0D] + ApplicationID.framework.bytes + [0x00]
            let first = reader.ask(select)
            reader.leave()
            reader.acceptNext()
            let second = reader.ask(select)
            _ = reader.ask(Self.selectApplet)
            return [first, second, reader.ask(Self.refusal)]
        }
        #expect(answers.prefix(2).map { $0.hex.contains("d40102") } == [true, true])
        #expect(!result.isSuccess)
    }

    @Test func `without a reader the refusal is clear`() throws {
        let phone = try Bench().make("alice")
        let port = FreePort.take()
        #expect(throws: PhoneHostError.noReader("127.0.0.1:\(port)")) {
            try phone.tap(.init(host: "127.0.0.1", port: port))
        }
    }
}
