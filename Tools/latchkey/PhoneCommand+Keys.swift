// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import PhoneHost
import Stack

extension PhoneCommand {
    /// `latchkey phone delete`
    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a key of this phone at once, also offline; it cannot come back.",
            discussion: """
                With --after it works until then, so that nobody is stranded; the car hears at the \
                next drive that it will end, and the phone ends it when it is next used.
                """)
        @OptionGroup var state: StateOption
        @Argument(help: "The phone.") var name: String
        @Option(help: "The key; its first digits are enough.") var key: String
        @Flag(help: "Tell the automaker at the next sync.") var offline = false
        @Option(help: "Minutes until it ends.") var after: Int?
        @Flag(help: "Takes back what --after wished.") var keep = false

        func validate() throws {
            guard after == nil || !keep else { throw ValidationError("give --after or --keep") }
            if let after, !(1...10_080).contains(after) {
                throw ValidationError("--after takes 1 to 10080 minutes, a week")
            }
        }

        func run() async throws {
            let phone = try state.phone(name)
            let report = try await PhoneCommand.speaking(name) {
                if keep || after != nil { return try phone.end(phone.key(key), inMinutes: after) }
                return try await phone.delete(phone.key(key), offline: offline)
            }
            // The key has ended whether the automaker could be told or not.
            for line in report.done + report.failed { print("\(name): \(line)") }
        }
    }

    /// `latchkey phone suspend`
    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lost mode: no key of this phone works until it is resumed.")
        @OptionGroup var state: StateOption
        @Argument(help: "The phone.") var name: String
        @Flag(help: "Tell no automaker.") var offline = false

        func run() async throws {
            let phone = try state.phone(name)
            try PhoneCommand.show(
                name,
                try await PhoneCommand.speaking(name) {
                    try await phone.setLost(true, offline: offline)
                })
        }
    }

    /// `latchkey phone resume`
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The phone was found: its suspended keys work again.")
        @OptionGroup var state: StateOption
        @Argument(help: "The phone.") var name: String
        @Flag(help: "Tell no automaker.") var offline = false

        func run() async throws {
            let phone = try state.phone(name)
            try PhoneCommand.show(
                name,
                try await PhoneCommand.speaking(name) {
                    try await phone.setLost(false, offline: offline)
                })
        }
    }
}
