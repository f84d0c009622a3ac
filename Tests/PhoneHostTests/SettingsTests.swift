// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import PKI
import PhoneHost
import ServiceKit
import Testing

@Suite struct SettingsTests {
    @Test func `a phone keeps how it was set`() throws {
        let bench = try Bench()
        var settings = try bench.make("alice").settings
        #expect(settings == PhoneSettings())
        settings.expressMode = false
        settings.isInPowerReserve = true
        try bench.open("alice").set(settings)
        #expect(try bench.open("alice").settings == settings)
        #expect(settings.sentence == "express mode off, locked, in power reserve")
    }

    @Test func `in power reserve only the applet is there`() throws {
        let bench = try Bench()
        let phone = try bench.make("alice")
        var settings = phone.settings
        settings.isInPowerReserve = true
        try phone.set(settings)
        let reader = try FakeReader()
        reader.start { reader in
            #expect(reader.ask(ApplicationID.framework.select.encoded).hex == "6a82")
            #expect(reader.ask(ApplicationID.applet.select.encoded).suffix(2).hex == "9000")
            _ = reader.ask([0x80, 0x3C, 0x01, 0x00])
        }
        #expect(try phone.tap(reader.address, TapOptions(timeout: .seconds(4))).isSuccess)
    }

    @Test func `in power reserve nothing but a tap works`() async throws {
        let bench = try Bench()
        let phone = try bench.make("alice")
        var settings = phone.settings
        settings.isInPowerReserve = true
        try phone.set(settings)
        let refusal = PhoneHostError.inPowerReserve("alice")
        await #expect(throws: refusal) { try await phone.sync() }
        await #expect(throws: refusal) { try await phone.accept("https://relay.example/#key") }
        await #expect(throws: refusal) { try await phone.setLost(true) }
        let nowhere = ListenAddress(host: "127.0.0.1", port: 1)
        #expect(throws: refusal) { try phone.tap(nowhere, TapOptions(password: "12345678")) }
        settings.isInPowerReserve = false
        try phone.set(settings)
        _ = try await phone.sync()
        #expect(throws: refusal) {
            try phone.tap(nowhere, TapOptions(password: "12345678", powerReserve: true))
        }
    }

    @Test func `in power reserve a reader's announcement brings nothing up`() throws {
        let bench = try Bench()
        let phone = try bench.make("alice")
        for reserve in [false, true] {
            let reader = try FakeReader()
            reader.start { reader in
                reader.sendFrame(
                    PollingFrame(offeringPairing: TerminalID(.forTests, at: .door)).encoded)
                _ = reader.ask(ApplicationID.applet.select.encoded)
                _ = reader.ask([0x80, 0x3C, 0x00, 0x05])
            }
            let options = TapOptions(timeout: .seconds(4), powerReserve: reserve)
            let result = try phone.tap(reader.address, options)
            #expect((result.announcement == nil) == reserve)
            #expect((result.hint?.contains("power reserve") == true) == reserve)
        }
    }

    @Test(arguments: [(true, false), (false, false), (false, true)])
    func `a locked phone without express mode says what the car waits for`(
        express: Bool, unlocked: Bool
    ) throws {
        let bench = try Bench()
        let phone = try bench.make("alice")
        var settings = phone.settings
        settings.expressMode = express
        try phone.set(settings)
        let reader = try FakeReader()
        reader.start { reader in
            _ = reader.ask(ApplicationID.applet.select.encoded)
            _ = reader.ask([0x80, 0x3C, 0x00, 0x05])
        }
        let options = TapOptions(timeout: .seconds(4), isUnlocked: unlocked)
        let hint = try #require(try phone.tap(reader.address, options).hint)
        #expect(hint.contains("express mode is off") == !(express || unlocked), "\(hint)")
        #expect(hint.contains("vehicle code") == (express || unlocked), "\(hint)")
    }

    @Test func `a phone at a trunk says that the trunk is open`() throws {
        let phone = try Bench().make("alice")
        for (position, words) in [
            (ReaderPosition.trunk, "trunk unlocked ("), (.door, "unlocked ("),
        ] {
            let reader = try FakeReader()
            reader.start { reader in
                reader.sendFrame(
                    PollingFrame(offeringPairing: TerminalID(.forTests, at: position)).encoded)
                _ = reader.ask(ApplicationID.applet.select.encoded)
                _ = reader.ask([0x80, 0x3C, 0x01, 0x01])
            }
            let result = try phone.tap(reader.address, TapOptions(timeout: .seconds(4)))
            #expect(result.text.hasPrefix(words), "\(result.text)")
        }
    }

    @Test(
        arguments: [
            ("mon-fri 08:00-18:00", [(0x7C, 480, 1080)]),
            ("sat,sun 10:00-24:00", [(0x03, 600, 1440)]),
            ("Sun-Mon 00:00-00:30", [(0x41, 0, 30)]), ("fri-mon 09:00-10:00", [(0x47, 540, 600)]),
            ("fri 22:00-02:00", [(0x04, 1320, 1440), (0x02, 0, 120)]),
            ("sun 22:00-06:00", [(0x01, 1320, 1440), (0x40, 0, 360)]),
        ] as [(String, [(UInt8, Int, Int)])])
    func `a weekly schedule is read as people write it`(
        text: String, windows: [(UInt8, Int, Int)]
    ) throws {
        let schedule = try #require(WeeklySchedule(text))
        let expected = try windows.map {
            try WeeklyWindow(days: $0.0, fromMinute: $0.1, toMinute: $0.2)
        }
        #expect(schedule.windows == expected)
        // What is shown can be typed again.
        for window in expected {
            #expect(WeeklySchedule(WeeklySchedule.text(window))?.windows == [window])
        }
    }

    @Test func `a weekly schedule is shown as people write it`() throws {
        let windows = ["mon-fri 08:00-18:00", "sat,sun 10:00-24:00", "mon,wed,thu 00:05-09:30"]
        for text in windows {
            #expect(try WeeklySchedule.text(#require(WeeklySchedule(text)?.windows.first)) == text)
        }
    }

    @Test(arguments: [
        "", "mon", "mon 8:00-18:00", "mon 08:00", "mon 08:00-08:00", "mon 24:00-25:00",
        "mon 08:60-09:00", "day 08:00-09:00", "mon- 08:00-09:00", "mon-tue-wed 08:00-09:00",
        "mon, 08:00-09:00", "mon 08:00-09:00 x", "mon 24:00-02:00", "mon -1:00-02:00",
    ])
    func `anything else is no weekly schedule`(text: String) {
        #expect(WeeklySchedule(text) == nil)
    }
}
