// SPDX-License-Identifier: Apache-2.0

import Foundation
import KeyProtocol
import PhoneHost
import ServiceKit
import Testing

/// What a tap leaves for whoever looks for what went wrong.
extension TapTests {
    @Test func `a tap that failed is kept with every command, one that worked when asked for`()
        throws
    {
        let (result, _) = try tap { [$0.ask(Self.selectApplet), $0.ask(Self.refusal)] }
        #expect(result.trace?.hasSuffix("alice/trace.jsonl") == true)
        let file = FileManager.default.temporaryDirectory
            .appending(path: "\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: file) }
        let options = TapOptions(timeout: .seconds(4), trace: file.path)
        let (good, _) = try tap(options) { [$0.ask(Self.selectApplet), $0.ask(Self.unlocked)] }
        #expect(good.trace == file.path)
        let trace = try #require(TapTrace(parsing: String(contentsOf: file, encoding: .utf8)))
        #expect(trace.annotated().flatMap(\.apdus).map(\.title).first == "SELECT applet")
        #expect(trace.header.phone != nil && trace.lines.last?.end?.hasPrefix("unlocked") == true)
        let (quiet, _) = try tap { [$0.ask(Self.selectApplet), $0.ask(Self.unlocked)] }
        #expect(quiet.trace == nil)
    }

    @Test func `a trace that could not be written is refused before the tap`() throws {
        let phone = try Bench().make("alice")
        for path in ["/nonexistent/tap.jsonl", FileManager.default.temporaryDirectory.path] {
            #expect(throws: PhoneHostError.traceUnwritable(path)) {
                try phone.tap(#require(ListenAddress("127.0.0.1:1")), TapOptions(trace: path))
            }
        }
    }

    @Test func `a trace tells how the phone was set, not only what was said at the tap`() throws {
        let (bench, reader) = (try Bench(), try FakeReader())
        let phone = try bench.make("alice")
        var settings = phone.settings
        (settings.expressMode, settings.isLocked) = (false, false)
        try phone.set(settings)
        reader.start { reader in
            _ = reader.ask(Self.selectApplet)
            _ = reader.ask(Self.refusal)
        }
        let result = try phone.tap(reader.address, TapOptions(timeout: .seconds(4)))
        let text = try String(contentsOfFile: try #require(result.trace), encoding: .utf8)
        let header = try #require(TapTrace(parsing: text)).header
        #expect(header.expressMode == false && header.isUnlocked == true)
        #expect(header.powerReserve == false && header.interface == .contactless)
    }
}
