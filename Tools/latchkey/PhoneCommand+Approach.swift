// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import Identifiers
import PhoneHost
import ServiceKit
import Stack

extension PhoneCommand {
    /// `latchkey phone approach`
    struct Approach: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Walks up to a car with the phone in the pocket; it unlocks without a tap.",
            discussion: """
                The car needs a radio (latchkey vehicle add --passive-entry), and the key must have \
                been made since then. Phone and car prove the key to each other and range over a \
                stream; the distance itself is simulated: the car's radio measures what --distance \
                says. With --radio no stack is needed.
                """)

        @OptionGroup var state: StateOption
        @Argument(help: "The phone.") var name: String
        @Option(help: "Address of a car's radio, host:port.") var radio: String?
        @Option(help: "A car of the stack: name, VIN or vehicle id.") var vehicle: String?
        @Option(help: "Metres between phone and car that the simulated radio measures.")
        var distance = 1.5
        @Flag(help: "The user has authenticated on the phone.") var unlocked = false
        @Option(help: "Where to write a trace of it, for `latchkey trace`.") var trace: String?
        @Option(help: "Seconds to stay near the car at most.") var timeout: Double = 10

        func validate() throws {
            guard (radio == nil) != (vehicle == nil) else {
                throw ValidationError("name --radio HOST:PORT, or --vehicle")
            }
            if let radio, ListenAddress(radio) == nil {
                throw ValidationError("--radio takes host:port")
            }
            guard (0...650).contains(distance) else {
                throw ValidationError("--distance takes 0 to 650 metres")
            }
            guard (0.1...600).contains(timeout) else {
                throw ValidationError("--timeout takes 0.1 to 600 seconds")
            }
        }

        func run() async throws {
            let address = try await address()
            let phone = try state.phone(name)
            let options = ApproachOptions(
                centimetres: UInt16((distance * 100).rounded()), timeout: .seconds(timeout),
                isUnlocked: unlocked, trace: trace)
            let result = try await PhoneCommand.speaking(name) {
                try phone.approach(address, options) { print("\(name): \($0)") }
            }
            try PhoneCommand.tell(result, of: name)
        }

        private func address() async throws -> ListenAddress {
            if let address = radio.flatMap({ ListenAddress($0) }) { return address }
            let car = try await Fleet(folder: state.folder).car(called: vehicle ?? "")
            guard let address = car.passiveEntry.flatMap(ListenAddress.init) else {
                throw CommandError(
                    "\(car.displayName) has no radio",
                    hint: "latchkey vehicle add --passive-entry gives a car one")
            }
            return address
        }
    }
}
