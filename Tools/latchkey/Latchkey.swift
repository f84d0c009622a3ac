// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Stack

#if canImport(Glibc)
    // `stdout` is a variable of C; nothing else touches it yet.
    @preconcurrency import Glibc
#endif

/// The command line of the suite.
@main
struct Latchkey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latchkey",
        abstract: "An open digital car key system: cars, phones, and the servers between them.",
        discussion: """
            Start with `latchkey demo`, which runs the main job in a scratch folder, or with \
            `latchkey up`, which starts a stack that stays.
            """,
        version: "0.1.0",
        subcommands: [
            Demo.self, Up.self, Down.self, Status.self, VehicleCommand.self, PartnerCommand.self,
            PKICommand.self, DeviceOEMCommand.self, PhoneCommand.self,
            TraceCommand.self,
        ])

    /// Lines leave when they are printed, also into a pipe: what happened on the way comes before the
    /// result, and is not lost when a command is ended.
    static func main() async {
        setvbuf(stdout, nil, Int32(_IOLBF), 0)
        await main(nil)
    }
}

/// The option every command on a stack has.
struct StateOption: ParsableArguments {
    @Option(help: "Folder of the stack's state (default: $LATCHKEY_STATE, else .latchkey).")
    var state: String?

    var folder: StateFolder { StateFolder.chosen(state) }
}
