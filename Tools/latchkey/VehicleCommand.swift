// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import Foundation
import Identifiers
import Stack

/// `latchkey vehicle …`
struct VehicleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vehicle", abstract: "Builds cars, shows them, and puts them in pairing mode.",
        subcommands: [
            Add.self, List.self, Show.self, Pair.self, Log.self, Lock.self, Unlock.self, Code.self,
            Stop.self, Remove.self, Message.self, Time.self, Export.self, Import.self,
        ])

    /// `latchkey vehicle add`
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Builds a car: identity, key, certificate, readers.",
            discussion: """
                Without --door and --dashboard it stands at a free pair of the stack's virtual readers, \
                which are called "Latchkey Car 1 00", "Latchkey Car 1 01" … "Latchkey Car 4 01". A car \
                with more readers names all of them: --door "Latchkey Car 1 00" --dashboard "Latchkey \
                Car 1 01" --trunk "Latchkey Car 2 00" --further-door "Latchkey Car 2 01".
                """)

        @OptionGroup var state: StateOption
        @Option(help: "Vehicle identification number, 17 characters.") var vin: String
        @Option(help: "What people call it.") var name: String = "Roadster"
        @Option(help: "The customer account that may pair it.") var account = "alice@example.com"
        @Option(help: "PC/SC name of the reader at the door handle.") var door: String?
        @Option(help: "PC/SC name of the reader at the dashboard.") var dashboard: String?
        @Option(help: "PC/SC name of a reader at the trunk, which opens the trunk alone.")
        var trunk: String?
        @Option(
            name: .customLong("further-door"),
            help: "PC/SC name of a reader at another door; may be given several times.")
        var furtherDoors: [String] = []

        @Flag(
            name: .customLong("passive-entry"),
            help: "The car has a radio and opens for phones that come near (simulated).")
        var passiveEntry = false

        func validate() throws {
            let letters = Set("ABCDEFGHJKLMNPRSTUVWXYZ0123456789")
            guard vin.count == 17, vin.allSatisfy(letters.contains) else {
                throw ValidationError(
                    "--vin takes 17 characters, digits and capital letters without I, O, Q")
            }
            guard !name.isEmpty, name.utf8.count <= 30 else {
                throw ValidationError("--name takes 1 to 30 bytes")
            }
            guard (door == nil) == (dashboard == nil) else {
                throw ValidationError("give both --door and --dashboard, or neither")
            }
            guard door != nil || (trunk == nil && furtherDoors.isEmpty) else {
                throw ValidationError("--trunk and --further-door want --door and --dashboard, too")
            }
            for reader in [door, dashboard, trunk].compactMap(\.self) + furtherDoors {
                let slot = reader.split(separator: " ").last
                guard slot?.utf8.count == 2, reader.utf8.count > 3 else {
                    throw ValidationError(
                        "a reader is given by its name and slot, like \"ACS ACR1252 Reader 00\""
                    )
                }
            }
            guard (1...254).contains(account.utf8.count) else {
                throw ValidationError("--account takes 1 to 254 bytes")
            }
        }

        func run() async throws {
            var readers: CarAPI.Readers?
            if let door, let dashboard {
                readers = .init(
                    door: door, dashboard: dashboard,
                    furtherDoors: furtherDoors.isEmpty ? nil : furtherDoors, trunk: trunk)
            }
            let fleet = try Fleet(folder: state.folder)
            let car = try await fleet.add(
                vin: vin, name: name, account: account, readers: readers,
                passiveEntry: passiveEntry)
            print("\(car.displayName)  vehicle \(car.vehicleId)  VIN \(vin)")
            VehicleCommand.printReaders(of: car, fleet)
        }
    }

    /// Where a phone goes to: PC/SC names, and the port at which a virtual reader takes phones.
    static func printReaders(of car: CarAPI.Vehicle, _ fleet: Fleet) {
        let further = (car.readers.furtherDoors ?? []).map { ("door", $0) }
        let trunk = car.readers.trunk.map { [("trunk", $0)] } ?? []
        for (place, name) in [("door", car.readers.door), ("dashboard", car.readers.dashboard)]
            + further + trunk
        {
            let port = fleet.port(ofReader: name).map { "  (phones connect to 127.0.0.1:\($0))" }
            print("\(place) reader".padded(to: 18) + name + (port ?? ""))
        }
        if let radio = car.passiveEntry {
            print(
                "radio".padded(to: 18) + radio
                    + "  (`latchkey phone approach`; ranging is simulated)")
        }
    }

    /// `latchkey vehicle list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the fleet, with how many keys each car holds.")
        @OptionGroup var place: GatewayOption

        func run() async throws {
            let fleet = try place.fleet()
            let (vehicles, cars) = (try await fleet.list(), try await fleet.standing())
            print(
                "NAME".padded(to: 16) + "VIN".padded(to: 19) + "VEHICLE".padded(to: 18)
                    + "STATE".padded(to: 10) + "KEYS")
            for vehicle in vehicles {
                Self.show(
                    vehicle.displayName, vehicle.vin, vehicle.vehicleId, vehicle.state,
                    keys: cars.first { $0.vehicleId == vehicle.vehicleId }?.keys.count ?? 0)
            }
            let known = Set(vehicles.map(\.vehicleId))
            for car in cars where !known.contains(car.vehicleId) {
                Self.show(
                    car.displayName, "- not registered", car.vehicleId, car.state,
                    keys: car.keys.count)
            }
        }

        private static func show(
            _ name: String, _ vin: String, _ id: VehicleID, _ state: String, keys: Int
        ) {
            print(
                name.padded(to: 16) + vin.padded(to: 19) + id.description.padded(to: 18)
                    + state.padded(to: 10) + "\(keys)")
        }
    }

    /// `latchkey vehicle show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what a car and the registry hold.")
        @OptionGroup var place: GatewayOption
        @Argument(help: "Name, VIN or vehicle id.") var vehicle: String

        func run() async throws {
            let fleet = try place.fleet()
            let car = try await fleet.car(called: vehicle)
            let known = try await fleet.registered(car)
            print(
                "\(car.displayName)  \(car.state), \(car.locked ? "locked" : "unlocked"), engine \(car.engineRunning ? "running" : "off")"
            )
            if let screen = car.screen { print("screen            \(screen)") }
            VehicleCommand.printReaders(of: car, fleet)
            if !car.trustedTime { print("clock             not trusted (latchkey vehicle time)") }
            if let limit = car.speedLimitKmh { print("speed limit       \(limit) km/h") }
            if let known {
                print(
                    "document          version \(car.documentVersion) in the car, \(known.documentVersion) published, \(known.confirmedVersion) confirmed"
                )
            } else {
                print("registry          does not know this car")
            }
            if car.pairingMode { print("pairing           waiting for a phone at the dashboard") }
            for key in car.keys {
                let tracked = known?.keys.first { $0.keyId == key.keyId }
                print(
                    "key \(key.keyId)  slot \(key.slotId)  profile \(key.profile)  car: \(key.state)  registry: \(tracked?.state.rawValue ?? "not tracked")"
                )
                key.endingSince.map { print("  its phone says since \($0) that it will end") }
                key.message.map { print("  a message waits for its phone: \($0)") }
            }
        }
    }

    /// `latchkey vehicle pair`
    struct Pair: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Starts pairing as the owner's app does and prints the password.")
        @OptionGroup var state: StateOption
        @Argument(help: "Name, VIN or vehicle id.") var vehicle: String
        @Option(help: "The account that asks (default: the car's own).") var account: String?

        func run() async throws {
            let fleet = try Fleet(folder: state.folder)
            let car = try await fleet.car(called: vehicle)
            guard let known = try await fleet.registered(car) else {
                throw CommandError(
                    "the registry does not know \(car.displayName), and the password comes from there",
                    hint: "an imported car keeps the keys that it came with")
            }
            let pairing = try await fleet.startPairing(known, account: account)
            print("pairing password  \(pairing.password)")
            print("welcome link      \(pairing.welcomeLink)")
            print("valid until       \(pairing.expiresAt)")
            for _ in 0..<100 {
                if try await fleet.car(car.vehicleId).pairingMode {
                    print("the car is in pairing mode: hold the phone to the dashboard reader")
                    return
                }
                try await Task.sleep(for: .milliseconds(100))
            }
            print("the car has not taken the new password yet; it will when it is reached")
        }
    }

    /// `latchkey vehicle log`
    struct Log: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the car's own log, which never leaves the car.")
        @OptionGroup var place: GatewayOption
        @Argument(help: "Name, VIN or vehicle id.") var vehicle: String
        @Option(help: "How many entries, newest first.") var limit = 20

        func validate() throws {
            guard (1...500).contains(limit) else {
                throw ValidationError("--limit must be between 1 and 500")
            }
        }

        func run() async throws {
            let fleet = try place.fleet()
            let id = try await fleet.car(called: vehicle).vehicleId
            let entries = try await fleet.log(id, limit: limit)
            if entries.isEmpty { print("no taps yet") }
            for entry in entries {
                print(
                    "\(entry.at)  \(entry.reader.padded(to: 11))\(entry.outcome.padded(to: 10))\(entry.text)  (\(Self.details(entry)))"
                )
            }
            // A gateway that runs alone keeps them beside its own state.
            guard place.gateway == nil else { return }
            let traces = place.state.folder.traces(of: "\(id)")
            for (file, what) in [
                (traces.failed, "the last tap that failed"),
                (traces.done, "the last tap that did not fail"),
            ] where FileManager.default.fileExists(atPath: file.path) {
                print("\(what): latchkey trace show \(file.path)")
            }
        }

        private static func details(_ entry: CarAPI.LogEntry) -> String {
            let parts = [
                entry.transaction,
                entry.keyId.map { "key \($0.description.prefix(8))…" },
                entry.controlFlow.map { "CONTROL FLOW \($0)" },
                counted(entry.apdus, "APDU"), "\(Int(entry.milliseconds.rounded())) ms",
            ]
            return parts.compactMap(\.self).joined(separator: ", ")
        }
    }
}
