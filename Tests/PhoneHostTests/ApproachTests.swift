// SPDX-License-Identifier: Apache-2.0

import Foundation
import KeyProtocol
import PhoneHost
import ServiceKit
import Testing

@Suite struct ApproachTests {
    /// Walks a phone without keys up to a radio that follows `script`.
    private func approach(
        _ options: ApproachOptions = ApproachOptions(timeout: .seconds(4)),
        _ script: @escaping @Sendable (FakeReader) -> Void
    ) throws -> (ApproachResult, steps: [String]) {
        let bench = try Bench()
        let phone = try bench.make("alice")
        let radio = try FakeReader()
        radio.start(script)
        var steps: [String] = []
        let result = try phone.approach(radio.address, options) { steps.append($0) }
        return (result, steps)
    }

    private static func command(_ bytes: [UInt8]) -> [UInt8] {
        StreamFrame.command(bytes).encoded
    }

    @Test func `the phone tells the simulated radio how far it is, and answers frames`() throws {
        let (result, steps) = try approach { radio in
            // 1.50 m, then the answer to SELECT.
            guard radio.receive(6) == [0x02, 0x7F, 0x00, 0x02, 0x00, 0x96] else { return }
            radio.sendRaw(Self.command(ApplicationID.applet.select.encoded))
            guard radio.receive(12).suffix(2) == [0x90, 0x00] else { return }
            radio.sendRaw(Self.command([0x80, 0x3C, 0x00, 0x01]))
            _ = radio.receive(6)
        }
        #expect(result.ending == .notBelieved)
        #expect(result.transaction.apdus == 2)
        #expect(result.text.contains("This phone has no key for this car."))
        #expect(result.hint != nil)
        #expect(steps.count == 1)
        #expect(steps.first?.contains("simulated distance 1.50 m") == true)
    }

    @Test(arguments: [
        (RangingMessage.end(nil).frame.encoded, ApproachResult.Ending.notMeasured),
        (RangingMessage.end(.tooFar).frame.encoded, .refused(.tooFar)),
        (command([0x80, 0x3C, 0x01, 0x00]), .notRanged), ([], .nobodyAsked),
    ])
    func `the car's last word is the result`(
        _ frame: [UInt8], _ ending: ApproachResult.Ending
    ) throws {
        let (result, _) = try approach { radio in
            radio.sendRaw(Self.command(ApplicationID.applet.select.encoded))
            _ = radio.receive(18)
            radio.sendRaw(frame)
            usleep(50_000)
            radio.leave()
        }
        #expect(result.ending == ending)
        #expect(!result.isSuccess, "nothing was measured, whatever the car says")
        #expect(result.hint != nil)
    }

    @Test func `a phone in power reserve stays silent`() throws {
        let bench = try Bench()
        let phone = try bench.make("alice")
        var settings = phone.settings
        settings.isInPowerReserve = true
        try phone.set(settings)
        let result = try phone.approach(ListenAddress(host: "127.0.0.1", port: 1))
        #expect(result.ending == .radioIsOff)
        #expect(!result.isSuccess)
    }

    @Test func `a frame beyond the limit is an error in words, and an absent radio too`() throws {
        #expect(throws: PhoneHostError.readerFrame("a frame of more than 512 bytes")) {
            try approach { radio in radio.sendRaw([0x01, 0x0B, 0xFF, 0xFF]) }
        }
        let bench = try Bench()
        let phone = try bench.make("alice")
        #expect(throws: PhoneHostError.noRadio("127.0.0.1:1")) {
            try phone.approach(ListenAddress(host: "127.0.0.1", port: 1))
        }
    }
}
