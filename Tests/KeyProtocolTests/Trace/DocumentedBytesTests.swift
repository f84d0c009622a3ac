// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import TestKit
import Testing

@testable import KeyProtocol

/// The byte examples of the documents come from the vectors through the annotator; `make docs`
/// writes them anew.
struct DocumentedBytesTests {
    @Test(arguments: ["docs/protocol.md", "docs/interop.md"])
    func `every byte example is what the code makes of the vectors`(document: String) throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: document)
        let text = try String(contentsOf: url, encoding: .utf8)
        let examples = try Examples()
        let fresh = try Self.filled(text) { try examples.lines($0) }
        if ProcessInfo.processInfo.environment["LATCHKEY_WRITE_DOCS"] != nil {
            try fresh.write(to: url, atomically: true, encoding: .utf8)
        } else {
            #expect(text == fresh, "an example in \(document) is old: make docs")
        }
    }

    /// `text` with what is between `<!-- example: NAME -->` and `<!-- end -->` made anew.
    private static func filled(_ text: String, _ make: (String) throws -> [String]) throws -> String
    {
        var result: [String] = []
        var isInside = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line == "<!-- end -->" { isInside = false }
            if !isInside { result.append(line) }
            if let name = line.wholeMatch(of: /<!-- example: (\S+) -->/)?.output.1 {
                result += ["```text"] + (try make(String(name))) + ["```"]
                isInside = true
            }
        }
        try #require(!isInside, "an example has no end")
        return result.joined(separator: "\n")
    }
}

/// Every example, by its name in the documents.
private struct Examples {
    private let pairing: RecordedTrace
    private let friend: RecordedTrace
    private let text = TraceText()

    init() throws {
        (pairing, friend) = (try RecordedTrace.pairing(), try RecordedTrace.friend())
    }

    func lines(_ name: String) throws -> [String] {
        switch name {
        case "select-framework": try pair("SELECT framework")
        case "select-applet": try pair("SELECT applet")
        case "request": try pair("SPAKE2+ REQUEST")
        case "verify": try pair("SPAKE2+ VERIFY")
        case "get-data": try pair("GET DATA: external CA [F]") + pair("GET RESPONSE")
        case "creation-data": try object("creation data")
        case "device-configuration": try object("device configuration")
        case "mapping": try object("mailbox mapping")
        case "auth0-fast": try pair("AUTH0: fast, unlock")
        case "auth1": try pair("AUTH1", 1)
        case "control-flow": try pair("CONTROL FLOW: The car is ready to drive.")
        case "exchange-slots": try pair("EXCHANGE")
        case "exchange-tokens": try pair("EXCHANGE", 1)
        case "exchange-token-read": try pair("EXCHANGE", 2)
        case "exchange-package": try friend.pair("EXCHANGE").flatMap(text.lines)
        case "retire-list": retireList()
        case "message": try makersArea(CarMessage("Service due in 500 km").encoded)
        case "polling-frame":
            try PollingFrame(
                of: TerminalID(.forTests, at: .dashboard), in: VehicleID(hex: "c1a02c62a152a57e")
            )
            .traceParts.flatMap { text.lines($0) }
        case "stream-frame":
            [[0x01], [0x04], ApplicationID.applet.select.encoded]
                .flatMap(TracePart.streamFrame).flatMap { text.lines($0) }
        default: throw Unknown(name: name)
        }
    }

    struct Unknown: Error { let name: String }

    private func pair(_ title: String, _ occurrence: Int = 0) throws -> [String] {
        try pairing.pair(title, occurrence: occurrence).flatMap(text.lines)
    }

    private func object(_ name: String) throws -> [String] {
        let part = pairing.apdus.flatMap(\.allParts).first { $0.name == name && !$0.parts.isEmpty }
        return text.lines(try #require(part))
    }

    /// Two ids in the maker's area, as the owner's phone writes them.
    private func retireList() -> [String] {
        let ids = [SlotID(generation: 0, position: 2), SlotID(generation: 1, position: 5)]
        let list = TLV(Tag(UInt16(MailboxLayout.retireListTag)), ids.flatMap(\.bytes)).encoded
        return makersArea(list)
    }

    private func makersArea(_ object: [UInt8]) -> [String] {
        let mapping = MailboxMapping.standard
        let rest = [UInt8](repeating: 0, count: mapping.oemAreaSize - object.count)
        return APDUAnnotator.fields(object + rest, 0xBA, Int(mapping.oemArea), mapping)
            .flatMap { TraceText(isFull: true).lines($0) }
    }
}
