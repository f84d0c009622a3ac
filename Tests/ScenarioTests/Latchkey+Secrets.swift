// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What a stack and its commands wrote, and that no secret is in it.
extension LatchkeyProgram {
    /// What commands printed, less invitation links, which are secrets for a friend.
    var printed: URL { state.appending(path: "commands.log") }

    /// Every record of the broker, once it was written down.
    var events: URL { state.appending(path: "events.dump") }

    /// Keeps what a command printed for the search.
    func note(_ output: Output) throws {
        let lines = output.text.split(separator: "\n").filter { !$0.contains("invitation link") }
        let file = try #require(fopen(printed.path, "a"), "cannot write \(printed.path)")
        defer { fclose(file) }
        fputs(lines.map { $0 + "\n" }.joined(), file)
    }

    /// Where secrets are in logs, events, databases of servers, bundles and what commands printed.
    func foundSecrets() throws -> (places: Set<String>, count: Int) {
        let secrets = try Secrets(in: state)
        // Outbox tables and everything else in PostgreSQL, its write-ahead log included.
        let places = [
            "logs", "postgres", "device-oem/store.sqlite", "device-oem.json", "automaker.json",
        ]
        .map { state.appending(path: $0) }
        let found = try secrets.found(in: places + [output, events])
        return (found.union(try secrets.foundForms(in: [printed])), secrets.count)
    }

    /// - Parameter reading: how long the events took to read.
    func expectNoSecret(reading: Duration) throws {
        var (places, count) = (Set<String>(), 0)
        let searching = try ContinuousClock().measure { (places, count) = try foundSecrets() }
        #expect(places == [])
        let times = [reading, searching].map { $0.formatted(.units(allowed: [.milliseconds])) }
        print("events read in \(times[0]), \(count) secret texts looked for in \(times[1])")
    }
}
