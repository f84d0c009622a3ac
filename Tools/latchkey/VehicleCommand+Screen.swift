// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import Identifiers
import Stack

/// What a person does at the car's own screen.
extension VehicleCommand {
    /// `latchkey vehicle lock`
    struct Lock: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Locks at the car's own screen.")
        @OptionGroup var place: GatewayOption
        @Argument(help: "Name, VIN or vehicle id.") var vehicle: String

        func run() async throws {
            let fleet = try place.fleet()
            try await fleet.set(fleet.car(called: vehicle).vehicleId, locked: true)
            print("locked")
        }
    }

    /// `latchkey vehicle unlock`
    struct Unlock: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Unlocks at the car's own screen.")
        @OptionGroup var place: GatewayOption
        @Argument(help: "Name, VIN or vehicle id.") var vehicle: String

        func run() async throws {
            let fleet = try place.fleet()
            try await fleet.set(fleet.car(called: vehicle).vehicleId, locked: false)
            print("unlocked")
        }
    }

    /// `latchkey vehicle code`
    struct Code: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enters a friend's activation code; good for a first tap within 2 minutes.")
        @OptionGroup var place: GatewayOption
        @Argument(help: "Name, VIN or vehicle id.") var vehicle: String
        @Argument(help: "The six digits.") var code: String

        func validate() throws {
            guard code.utf8.count == 6, code.allSatisfy({ $0.isASCII && $0.isNumber }) else {
                throw ValidationError("a code has six digits")
            }
        }

        func run() async throws {
            let fleet = try place.fleet()
            try await fleet.enter(activationCode: code, fleet.car(called: vehicle).vehicleId)
            print("the code is entered: the friend's phone has 2 minutes for its first tap")
        }
    }

    /// `latchkey vehicle stop`
    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stops the engine.")
        @OptionGroup var place: GatewayOption
        @Argument(help: "Name, VIN or vehicle id.") var vehicle: String

        func run() async throws {
            let fleet = try place.fleet()
            try await fleet.stopEngine(fleet.car(called: vehicle).vehicleId)
            print("the engine is off")
        }
    }

    /// `latchkey vehicle time`
    struct Time: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says whether a car may rely on its clock, for the bench.",
            discussion: """
                Without trusted time a key that has an end or a schedule opens the car and does not \
                start it.
                """)

        enum Switch: String, ExpressibleByArgument, CaseIterable { case on, off }

        @OptionGroup var place: GatewayOption
        @Argument(help: "Name, VIN or vehicle id.") var vehicle: String
        @Option(help: "Whether its clock is trusted.") var trusted: Switch

        func run() async throws {
            let fleet = try place.fleet()
            let car = try await fleet.car(called: vehicle)
            try await fleet.set(car.vehicleId, trustedTime: trusted == .on)
            print(
                trusted == .on
                    ? "\(car.displayName) relies on its clock"
                    : "\(car.displayName) has no trusted time: keys with an end open it, but do not start it"
            )
        }
    }

    /// `latchkey vehicle remove`
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes a key from the car, at its own screen; works offline.")
        @OptionGroup var place: GatewayOption
        @Argument(help: "Name, VIN or vehicle id.") var vehicle: String
        @Option(help: "The key; its first digits are enough.") var key: String

        func run() async throws {
            let fleet = try place.fleet()
            let id = try await fleet.car(called: vehicle).vehicleId
            let found = try await fleet.car(id).keys.map(\.keyId)
                .filter { $0.description.hasPrefix(key.lowercased()) }
            guard let target = found.first, found.count == 1, !key.isEmpty else {
                throw CommandError(
                    found.isEmpty
                        ? "the car has no key \(key)"
                        : "several keys of the car begin with '\(key)'",
                    hint: "latchkey vehicle show lists them")
            }
            try await fleet.remove(target, id)
            print("the car has removed the key \(target)")
        }
    }
}
