// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import PhoneHost
import Stack

extension PhoneCommand {
    /// `latchkey phone set`
    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets express mode, lock and power, or shows how they are.",
            discussion: """
                With express mode off a locked phone answers no car: the car is told that it waits for \
                the user. In power reserve only the secure element runs: taps work, in express mode.
                """)

        enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }
        enum Power: String, ExpressibleByArgument, CaseIterable { case on, reserve }

        @OptionGroup var state: StateOption
        @Argument(help: "The phone.") var name: String
        @Option(help: "Whether taps need no user.") var express: Switch?
        @Flag(
            inversion: .prefixedNo, exclusivity: .exclusive,
            help: "The screen is locked (--locked), or the user has authenticated (--no-locked).")
        var locked: Bool?
        @Option(help: "Whether the battery is flat.") var power: Power?

        func run() async throws {
            let phone = try state.phone(name)
            var settings = phone.settings
            if let express { settings.expressMode = express == .on }
            if let locked { settings.isLocked = locked }
            if let power { settings.isInPowerReserve = power == .reserve }
            try phone.set(settings)
            print("\(name): \(settings.sentence)")
        }
    }

    /// `latchkey phone watch`
    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a watch that is paired with a phone and has a key of its own.",
            discussion:
                "The watch is a phone of its own afterwards: tap, sync and delete work on it.")
        @OptionGroup var state: StateOption
        @Argument(help: "The owner's phone.") var name: String
        @Argument(help: "What to call the watch.") var watch: String
        @Option(help: "Vehicle id or name; may be left out with one vehicle.") var vehicle: String?

        func run() async throws {
            let phone = try state.phone(name)
            let owner = try phone.ownerKey(for: vehicle)
            let key = try await PhoneCommand.speaking(name) {
                try phone.equip(watch, in: state.folder.phones, with: owner)
            }
            print("\(watch): has a key of its own, \(key)")
            print(
                "hint: latchkey phone sync \(watch) registers it; the car learns it at the first tap"
            )
        }
    }
}
