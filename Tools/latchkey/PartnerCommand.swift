// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Stack

/// `latchkey partner …`
struct PartnerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "partner", abstract: "The automaker's side of taking in a device OEM.",
        subcommands: [Issue.self])

    /// `latchkey partner issue`
    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Certifies a device OEM and writes the automaker's bundle for it.")

        @OptionGroup var state: StateOption
        @Option(name: .customLong("device-oem"), help: "The device OEM's bundle (JSON).")
        var deviceOEM: String
        @Option(help: "Where to write the automaker's bundle (JSON).") var out: String

        func run() async throws {
            let issued = try await Partners(folder: state.folder).issue(
                deviceOEM: NamedFile(path: deviceOEM).read())
            try NamedFile(path: out).write(issued.bundle)
            print("\(issued.deviceOemId) is certified; give it \(out)")
        }
    }
}
