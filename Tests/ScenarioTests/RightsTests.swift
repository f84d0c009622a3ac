// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestKit
import Testing

/// What an owner shares, and what the friend's phone then may: where, when, how fast.
extension Scenarios {
    @Suite struct RightsTests {
        @Test func `a friend may do what was shared, and both sides say why not`() async throws {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            try await program.whileUp {
                try await program.introduceMakers()
                try await program.done(
                    "vehicle", "add", "--vin", "LKY00000000000011", "--door", "Latchkey Car 1 00",
                    "--dashboard", "Latchkey Car 1 01", "--trunk", "Latchkey Car 2 00")
                try await program.pairs("alice", with: "Roadster")
                let friends = Friends(program)

                // Short enough to see its end, long enough for two taps before it.
                let end = Date.now.addingTimeInterval(10)
                try await friends.share(
                    with: "erin", "Valet", "--until",
                    end.formatted(Date.ISO8601FormatStyle(timeZone: .gmt)))
                try await friends.expect("erin", at: .door, "unlocked", "0101")
                try await friends.expect("erin", at: .dashboard, "ready to drive", "0103")
                let shown = try await program.done("vehicle", "show", "Roadster")
                #expect(shown.contains("speed limit       40 km/h"), "\(shown)")
                try await friends.expect("erin", at: .trunk, Self.rightMissing, "0004")
                // No server has heard of the friend's key; the car holds it.
                try await eventually("the pairing, told to the registry", within: .seconds(60)) {
                    try await program.done("vehicle", "list").hasSuffix("paired    2\n")
                }

                try await friends.share(
                    with: "bob", "Unlock and Drive", "--weekly", Self.week(from: 3, to: 4))
                try await friends.expect("bob", at: .door, Self.notValidNow, "0003")
                try await friends.share(
                    with: "carol", "Unlock and Drive", "--weekly", Self.week(from: 3, to: 4),
                    "--weekly", Self.week(from: 0, to: 1))
                try await friends.expect("carol", at: .door, "locked", "0102")
                try await friends.expect("carol", at: .dashboard, "ready to drive", "0103")

                try await friends.takeBack("heidi")
                try await friends.share(with: "dave", "Access Only")
                try await friends.expect("dave", at: .door, "unlocked", "0101")
                try await friends.expect("dave", at: .dashboard, Self.rightMissing, "0004")
                try await friends.share(with: "grace", "Trunk Only")
                try await friends.expect("grace", at: .trunk, "unlocked", "0101")
                try await friends.expect("grace", at: .dashboard, Self.rightMissing, "0004")
                let tomorrow = Date.now.addingTimeInterval(90_000).ISO8601Format(
                    .iso8601.year().month().day())
                try await friends.share(with: "frank", "Unlock and Drive", "--from", tomorrow)
                try await friends.expect("frank", at: .door, Self.notValidNow, "0003")

                try await Task.sleep(for: .seconds(max(0, end.timeIntervalSinceNow) + 1))
                try await friends.expect("erin", at: .door, Self.notValidNow, "0003")
                try await playAgain(program, "erin", Self.notValidNow)

                // Then those with an end or a schedule come in all the same, and may not drive.
                try await loseTime(program)
                try await friends.expect("bob", at: .door, "unlocked", "0101")
                try await friends.expect("bob", at: .dashboard, Self.notValidNow, "0003")
                let log = try await program.done("vehicle", "log", "Roadster", "--limit", "1")
                #expect(log.contains("The car does not know what time it is."), "\(log)")
                try await friends.expect("erin", at: .door, "locked", "0102")
                try await friends.expect("alice", at: .dashboard, "ready to drive", "0103")
                try await loseThePhone(program)
            }
        }

        /// Lost mode without a network: the automaker never hears of it, and misses nothing.
        private func loseThePhone(_ program: LatchkeyProgram) async throws {
            try await program.done("phone", "sync", "alice")
            try await program.done("phone", "suspend", "alice", "--offline")
            let list = try await program.done("phone", "list")
            #expect(list.contains("suspended"), "\(list)")
            let found = try await program.done("phone", "resume", "alice")
            #expect(found.contains("is active again"), "\(found)")
            #expect(!found.contains("was not told"), "\(found)")
        }

        private static let notValidNow = "This key is not valid at this time."
        private static let rightMissing = "This key does not allow this action."

        /// Whole days of the car's week, counted from today.
        private static func week(from first: Int, to last: Int) -> String {
            let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
            let today = Calendar.current.component(.weekday, from: .now) - 1
            let names = [first, last].map { days[(today + $0) % 7] }
            return "\(names[0])-\(names[1]) 00:00-24:00"
        }

        /// Both sides have recorded the refusal by themselves. Played again it is the same, the car's
        /// side also with the phone that is there: a copy of it, and at a reader.
        private func playAgain(
            _ program: LatchkeyProgram, _ phone: String, _ sentence: String
        ) async throws {
            let log = try await program.done("vehicle", "log", "Roadster")
            let car = try log.value("the last tap that failed: latchkey trace show")
            let done = try log.value("the last tap that did not fail: latchkey trace show")
            for trace in [car, done, program.path("phones/\(phone)/trace.jsonl")] {
                let shown = try await program.run(["trace", "show", trace], withState: false)
                #expect(shown.code == 0 && !shown.text.contains("unknown"), "\(shown.text)")
                try await program.done("trace", "replay", trace)
            }
            let copy = try await program.done("trace", "replay", car, "--phone", phone)
            #expect(copy.contains("the car: \(sentence)"), "\(copy)")
            async let replay = program.run(
                "trace", "replay", car, "--reader", "Latchkey Car 3 00")
            let tap = try await program.run(
                "phone", "tap", phone, "--offline", "--reader",
                "127.0.0.1:\(LatchkeyProgram.basePort + 24)")
            #expect(tap.text.contains(sentence), "\(tap.text)")
            let played = try await replay
            #expect(played.code == 0 && played.text.contains(sentence), "\(played.text)")
            let other = try await program.run("trace", "replay", car, "--phone", "dave")
            let difference = "recorded was CONTROL FLOW: \(sentence)"
            #expect(other.code == 1 && other.text.contains(difference), "\(other.text)")
        }

        /// The car no longer knows what time it is.
        private func loseTime(_ program: LatchkeyProgram) async throws {
            let path = program.path("vehicle.json")
            try await program.done("vehicle", "export", "Roadster", "--out", path)
            let url = URL(fileURLWithPath: path)
            let text = try String(contentsOf: url, encoding: .utf8)
            let member = "\"hasTrustedTime\" : "
            try #require(text.contains(member + "true"), "the car trusts its clock")
            try Data(text.replacing(member + "true", with: member + "false").utf8).write(to: url)
            try await program.done("vehicle", "import", path)
        }
    }
}
