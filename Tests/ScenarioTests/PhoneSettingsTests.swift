// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestKit
import Testing

/// How a phone is set, who carries it, and what becomes of its keys.
extension Scenarios {
    @Suite struct PhoneSettingsTests {
        @Test func `a locked phone waits for its user, a flat one opens, a deleted key never does`()
            async throws
        {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            try await program.whileUp {
                try await program.introduceMakers()
                try await program.done(
                    "vehicle", "add", "--vin", "LKY00000000000014", "--door", "Latchkey Car 1 00",
                    "--dashboard", "Latchkey Car 1 01", "--further-door", "Latchkey Car 2 01")
                try await program.pairs("alice", with: "Roadster")
                let friends = Friends(program)
                try await waitForTheUser(friends)
                try await runFlat(friends)
                try await wear(friends)
                try await deleteTheKey(friends)
                try await reveal(program)
            }
        }

        /// With express mode off the car is told what it waits for.
        private func waitForTheUser(_ friends: Friends) async throws {
            let (program, door) = (friends.program, friends.tap("alice", at: .door))
            let set = try await program.done(
                "phone", "set", "alice", "--express", "off", "--locked")
            #expect(set == "alice: express mode off, locked, power on\n")
            try await friends.expect("alice", at: .door, Self.authenticate, "0005")
            let waits = try await program.run(door)
            #expect(waits.text.contains("express mode is off and the phone is locked"))
            let log = try await program.done("vehicle", "log", "Roadster", "--limit", "1")
            #expect(log.contains(Self.authenticate) && log.contains("CONTROL FLOW 0005"), "\(log)")
            let open = try await program.run(door + ["--unlocked"])
            #expect(open.code == 0 && open.text.contains("unlocked"), "\(open.text)")
            try await program.done("phone", "set", "alice", "--no-locked")
            try await friends.expect("alice", at: .door, "locked", "0102")
            try await program.done("phone", "set", "alice", "--express", "on", "--locked")
            try await friends.expect("alice", at: .door, "unlocked", "0101")
        }

        /// In power reserve keys work, the operating system does not, and nobody can authenticate.
        private func runFlat(_ friends: Friends) async throws {
            let program = friends.program
            let set = try await program.done("phone", "set", "alice", "--power", "reserve")
            #expect(set == "alice: express mode on, locked, in power reserve\n")
            try await friends.expect("alice", at: .door, "locked", "0102")
            try await friends.expect("alice", at: .dashboard, "ready to drive", "0103")
            let sync = try await program.run("phone", "sync", "alice")
            #expect(sync.code == 1 && sync.text.contains("in power reserve"), "\(sync.text)")
            try await program.done("phone", "set", "alice", "--express", "off", "--no-locked")
            let waits = try await program.run(friends.tap("alice", at: .door))
            #expect(waits.code == 1, "\(waits.text)")
            #expect(waits.text.contains("nobody can authenticate in power reserve"))
            try await program.done("phone", "set", "alice", "--express", "on", "--power", "on")
        }

        /// A watch has a key of its own; a further door is a door.
        private func wear(_ friends: Friends) async throws {
            let program = friends.program
            #expect(try await program.done("vehicle", "lock", "Roadster") == "locked\n")
            let made = try await program.done("phone", "watch", "alice", "alice-watch")
            #expect(made.contains("alice-watch: has a key of its own"), "\(made)")
            let rear = "Latchkey Car 2 01"
            #expect(try await program.done("vehicle", "show", "Roadster").contains(rear))
            let tap = ["phone", "tap", "alice-watch", "--vehicle", "Roadster", "--offline", "--at"]
            let opened = try await program.run(tap + [rear])
            #expect(opened.code == 0 && opened.text.contains("unlocked"), "\(opened.text)")
            let other = try await program.run(tap + ["Latchkey Car 3 00"])
            #expect(other.code == 1 && other.text.contains("Roadster has no reader"))
            #expect(other.text.contains(rear), "\(other.text)")
        }

        /// A friend drives as fast as the owner allows, until the friend wants the key no more.
        private func deleteTheKey(_ friends: Friends) async throws {
            let program = friends.program
            try await friends.share(with: "bob", "Unlock and Drive", "--max-speed", "90")
            try await friends.expect("bob", at: .dashboard, "ready to drive", "0103")
            let shown = try await program.done("vehicle", "show", "Roadster")
            #expect(shown.contains("speed limit       90 km/h"), "\(shown)")
            let line = try await program.done("phone", "list").value("bob")
            let key = try #require(line.firstMatch(of: /[0-9a-f]{40}/)).output
            let ended = try await program.done(
                "phone", "delete", "bob", "--key", String(key.prefix(8)), "--offline")
            #expect(ended.contains("it can never come back"), "\(ended)")
            try await friends.expect("bob", at: .door, Self.unknown, "0001")
            let sync = try await program.done("phone", "sync", "bob")
            #expect(sync.contains("the proof that key \(key) has ended"), "\(sync)")
            let list = try await program.done("phone", "list", "--all").value("bob")
            #expect(list.contains(key) && list.contains("terminated"), "\(list)")
        }

        /// Who wants to see keys of a channel asks for them, at a bench.
        private func reveal(_ program: LatchkeyProgram) async throws {
            let trace = program.path("tap.jsonl")
            try await program.done(
                "phone", "tap", "alice", "--vehicle", "Roadster", "--at", "dashboard", "--trace",
                trace, "--offline")
            let show = ["trace", "show", trace]
            let shown = try await program.run(show, withState: false)
            #expect(shown.code == 0 && !shown.text.contains("Kmac"), "\(shown.text)")
            let revealed = try await program.run(show + ["--reveal"], withState: false)
            #expect(revealed.code == 0 && revealed.text.contains("Kenc Kmac Krmac"))
            let text = try String(contentsOfFile: trace, encoding: .utf8)
            try text.replacing(
                "\"environment\":\"development\"", with: "\"environment\":\"production\""
            )
            .write(toFile: trace, atomically: true, encoding: .utf8)
            let refused = try await program.run(show + ["--reveal"], withState: false)
            #expect(refused.code == 1 && refused.text.contains("'production'"), "\(refused.text)")
        }

        private static let unknown = "This phone has no key for this car."
        private static let authenticate =
            "Authenticate on the phone or enter the activation code in the car."
    }
}
