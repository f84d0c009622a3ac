// SPDX-License-Identifier: Apache-2.0

import DeviceOEM
import Foundation
import PhoneHost
import TestKit
import Testing
import VirtualPhone

@Suite struct FolderTests {
    @Test func `a phone is there again, with its instance CA for every automaker`() throws {
        let bench = try Bench()
        let automakers = try bench.make("alice").card.state.automakers
        #expect(automakers.map(\.name) == ["roadworks"])
        #expect(try bench.open("alice").card.state.automakers == automakers)
        #expect(Phone.names(in: bench.phones) == ["alice"])
    }

    @Test func `files hold secrets and are the owner's only`() throws {
        let bench = try Bench()
        _ = try bench.make("alice")
        for file in ["se.json", "wallet.json"] {
            let path = bench.phones.appending(path: "alice/\(file)").path
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect(mode as? Int == 0o600)
        }
    }

    @Test func `a copy of the folder is a phone`() throws {
        let bench = try Bench()
        let before = try bench.make("bob").card.snapshot
        try FileManager.default.copyItem(
            at: bench.phones.appending(path: "bob"),
            to: bench.phones.appending(path: "bob-backup"))
        #expect(try bench.open("bob-backup").card.snapshot == before)
    }

    @Test func `a phone in use is waited for`() throws {
        let bench = try Bench()
        let held = try bench.make("alice")
        #expect(throws: PhoneHostError.busy("alice")) { try bench.open("alice", seconds: 0) }
        withExtendedLifetime(held) {}
    }

    @Test(arguments: ["", ".", "..", ".hidden", "a/b", "a b", String(repeating: "a", count: 33)])
    func `names that are no folder's are refused`(_ name: String) throws {
        let bench = try Bench()
        #expect(throws: PhoneHostError.badName(name)) { try bench.make(name) }
    }

    @Test func `a damaged file is named`() throws {
        let bench = try Bench()
        _ = try bench.make("alice")
        let file = bench.phones.appending(path: "alice/se.json")
        try Data("{".utf8).write(to: file)
        #expect(throws: PhoneHostError.corrupted(file.path)) { try bench.open("alice") }
    }
}
