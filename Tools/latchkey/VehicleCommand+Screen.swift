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
            let car = try await fleet.car(called: vehicle)
            let target = try VehicleCommand.key(key, of: car)
            try await fleet.remove(target, car.vehicleId)
            print("the car has removed the key \(target)")
        }
    }

    /// `latchkey vehicle message`
    struct Message: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Leaves a text for the phone of a key, which gets it at its next drive.",
            discussion: """
                One text waits per key: a new one takes its place. The phone shows it after the tap, \
                and `latchkey phone list` shows the last one.
                """)
        @OptionGroup var place: GatewayOption
        @Argument(help: "Name, VIN or vehicle id.") var vehicle: String
        @Argument(help: "One line, up to 44 bytes; without it what still waits is taken back.")
        var text: String?
        @Option(help: "The key; its first digits are enough.") var key: String

        func run() async throws {
            let fleet = try place.fleet()
            let car = try await fleet.car(called: vehicle)
            let target = try VehicleCommand.key(key, of: car)
            try await fleet.leave(message: text, for: target, car.vehicleId)
            print(
                text == nil
                    ? "no message waits for the key \(target)"
                    : "the message waits for the next drive with the key \(target)")
        }
    }

    /// The key of the car that a person means by its first digits.
    static func key(_ text: String, of car: CarAPI.Vehicle) throws -> KeyID {
        let found = car.keys.map(\.keyId).filter { $0.description.hasPrefix(text.lowercased()) }
        guard let key = found.first, found.count == 1, !text.isEmpty else {
            throw CommandError(
                found.isEmpty
                    ? "the car has no key \(text)"
                    : "several keys of the car begin with '\(text)'",
                hint: "latchkey vehicle show lists them")
        }
        return key
    }
}
