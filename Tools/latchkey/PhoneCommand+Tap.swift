// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import PhoneHost
import ServiceKit
import Stack

extension PhoneCommand {
    /// `latchkey phone tap`
    struct Tap: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Holds a phone to a reader until the car is done.",
            discussion: """
                The reader is a virtual one, named by its address or by a car of the stack. With \
                --password the phone enters pairing mode and becomes the owner's.
                """)

        /// A reader of a car: what it is for, or the name that `vehicle show` prints.
        enum Place: ExpressibleByArgument {
            case door, dashboard, trunk
            case reader(String)

            init(argument: String) {
                self =
                    switch argument {
                    case "door": .door
                    case "dashboard": .dashboard
                    case "trunk": .trunk
                    default: .reader(argument)
                    }
            }

            static let allValueStrings = ["door", "dashboard", "trunk"]
        }

        @OptionGroup var state: StateOption
        @Argument(help: "The phone.") var name: String
        @Option(help: "Address of a virtual reader, host:port.") var reader: String?
        @Option(help: "A car of the stack: name, VIN or vehicle id.") var vehicle: String?
        @Option(
            help: "Which reader of the car: door, dashboard, trunk, or its name in vehicle show.")
        var at: Place?
        @Option(help: "Pairing password, 8 digits.") var password: String?
        @Flag(help: "No network: neither registration nor orders.") var offline = false
        @Flag(help: "The user has authenticated on the phone.") var unlocked = false
        @Flag(
            name: .customLong("power-reserve"),
            help: "The battery is flat: only the secure element runs.")
        var powerReserve = false
        @Option(help: "Where to write a trace of the tap, for `latchkey trace`.") var trace: String?
        @Option(help: "Seconds to stay at the reader at most.") var timeout: Double?

        func validate() throws {
            guard (reader == nil) != (vehicle == nil), (vehicle == nil) == (at == nil) else {
                throw ValidationError("name --reader HOST:PORT, or --vehicle with --at")
            }
            guard password == nil || !powerReserve else {
                throw ValidationError("a flat phone cannot be paired: leave --power-reserve out")
            }
            if let password {
                guard password.utf8.count == 8, password.allSatisfy({ $0.isASCII && $0.isNumber })
                else { throw ValidationError("--password takes 8 digits") }
            }
            if let reader, ListenAddress(reader) == nil {
                throw ValidationError("--reader takes host:port")
            }
            if let timeout, !(0.1...600).contains(timeout) {
                throw ValidationError("--timeout takes 0.1 to 600 seconds")
            }
        }

        func run() async throws {
            let address = try await address()
            let phone = try state.phone(name)
            if password != nil { print("\(name): at the reader, pairing …") }
            let options = TapOptions(
                password: password, timeout: timeout.map { .seconds($0) }, isUnlocked: unlocked,
                powerReserve: powerReserve, trace: trace)
            let result = try await PhoneCommand.speaking(name) { try phone.tap(address, options) }
            result.announcement.map { print("\(name): \($0.sentence)") }
            try PhoneCommand.tell(result, of: name)
            if let key = result.paired {
                print("\(name): owner key \(key); `latchkey phone sync \(name)` registers it")
            } else if !offline, !powerReserve, !phone.settings.isInPowerReserve {
                try await goOnline(phone)
            }
        }

        /// What can be done online is done, but a tap that worked is not made to fail by it, nor to
        /// wait for the picture of a key.
        private func goOnline(_ phone: Phone) async throws {
            let report = try await phone.sync(refreshesPasses: false, timeout: .seconds(3))
            for line in report.done + report.failed { print("\(name): \(line)") }
        }

        private func address() async throws -> ListenAddress {
            if let address = reader.flatMap({ ListenAddress($0) }) { return address }
            let fleet = try Fleet(folder: state.folder)
            let car = try await fleet.car(called: vehicle ?? "")
            let name = try readerName(of: car)
            guard let port = fleet.port(ofReader: name) else {
                throw CommandError(
                    "'\(name)' is no virtual reader of this stack", hint: "hold a real phone to it")
            }
            return ListenAddress(host: "127.0.0.1", port: port)
        }

        private func readerName(of car: CarAPI.Vehicle) throws -> String {
            switch at {
            case .door, nil: return car.readers.door
            case .dashboard: return car.readers.dashboard
            case .trunk:
                if let trunk = car.readers.trunk { return trunk }
                throw CommandError(
                    "\(car.displayName) has no reader at the trunk",
                    hint: "latchkey vehicle add --trunk names one")
            case .reader(let name):
                if car.readers.names.contains(name) { return name }
                throw CommandError(
                    "\(car.displayName) has no reader '\(name)'",
                    hint:
                        "--at takes door, dashboard, trunk, or one of \(car.readers.names.joined(separator: ", "))"
                )
            }
        }
    }
}
