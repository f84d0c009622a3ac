// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Identifiers
import KeyProtocol
import PhoneHost
import VirtualPhone

/// `latchkey trace …`
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Reads recorded taps.",
        discussion: """
            `latchkey phone tap --trace FILE` records a tap as the phone saw it. A tap that failed is \
            recorded without being asked: the phone says where, a car keeps it in `traces` of the \
            stack's state.
            """, subcommands: [Show.self, Replay.self])

    /// `latchkey trace show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Names every command, answer and field, protected ones in clear.")
        @Argument(help: "The trace.") var file: String
        @Flag(help: "Show secrets: tokens, keys of the channel. Only traces of a bench have them.")
        var reveal = false
        @Flag(help: "Do not cut long values.") var full = false

        func run() async throws {
            let trace = try TraceCommand.read(file)
            let header = trace.header
            if reveal, !BenchMaterial.isAllowed(in: header.environment) {
                throw ValidationError(BenchMaterial.refusal(in: header.environment))
            }
            print("\(header.name) (\(header.side.rawValue)), \(header.environment), \(header.at)")
            let text = TraceText(reveals: reveal, isFull: full)
            for (line, apdus) in trace.annotated() {
                let time = "\(line.ms) ms"
                if line.fieldLost == true { print("\n\(time)  the field went off") }
                if let frame = line.polling.flatMap(Self.frame) {
                    print("\n\(time)  a polling frame")
                    for part in frame.traceParts {
                        print(text.lines(part, indent: 4).joined(separator: "\n"))
                    }
                }
                if let end = line.end { print("\n\(time)  \(end)") }
                if line.command != nil { print("\n\(time)") }
                for apdu in apdus { print(text.lines(apdu).joined(separator: "\n")) }
                if reveal, let keys = line.keys { print("  Kenc Kmac Krmac  \(keys)") }
            }
        }

        private static func frame(_ hex: String) -> PollingFrame? {
            (try? [UInt8](hex: hex)).flatMap { try? PollingFrame(parsing: $0) }
        }
    }

    /// `latchkey trace replay`
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Plays the car's commands again to the phone of the trace.",
            discussion: """
                The phone starts as it was, with the same clock and random bytes, and runs the code \
                of today. Signatures differ each time; the first other difference is shown, and ends \
                the command with 1.
                """)
        @Argument(help: "A trace of a phone.") var file: String

        func run() async throws {
            let trace = try TraceCommand.read(file)
            guard let text = trace.header.phone,
                let snapshot = try? JSONDecoder().decode(
                    PhoneCard.Snapshot.self, from: Data(text.utf8))
            else {
                throw ValidationError(
                    "this trace holds no phone: only a phone of 'development' or 'testing' records one"
                )
            }
            let replay = TraceReplay(trace, snapshot: snapshot)
            guard let found = replay.difference else {
                return print("\(replay.equal) commands are answered as recorded")
            }
            print("\(replay.equal) commands are answered as recorded, then")
            print("command \(found.index + 1), \(found.title): \(found.text)")
            throw ExitCode(1)
        }
    }

    static func read(_ file: String) throws -> TapTrace {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: file), encoding: .utf8)
        } catch {
            throw PhoneHostError.bench("\(file) cannot be read: \(error.localizedDescription)")
        }
        guard let trace = TapTrace(parsing: text) else {
            throw PhoneHostError.bench("\(file) is no trace")
        }
        return trace
    }
}
