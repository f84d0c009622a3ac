// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Identifiers
import KeyProtocol

/// `latchkey trace …`
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Reads recorded taps.",
        discussion: """
            `latchkey phone tap --trace FILE` records a tap as the phone saw it. A tap that failed is \
            recorded without being asked: the phone says where, a car keeps it in `traces` of the \
            stack's state, with the last tap that did not fail; `latchkey vehicle log` names both.
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
                throw CommandError(BenchMaterial.refusal(in: header.environment))
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

    static func read(_ file: String) throws -> TapTrace {
        let data = try NamedFile(path: file).read()
        guard let trace = TapTrace(parsing: String(decoding: data, as: UTF8.self)) else {
            throw CommandError(
                "\(file) is no trace, or a damaged one",
                hint: "each line is one JSON object, the first with the format latchkey-trace-1")
        }
        return trace
    }
}
