// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import DeviceOEM
import Foundation
import Identifiers
import ServiceKit
import Stack

/// `latchkey device-oem …`
struct DeviceOEMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device-oem", abstract: "The virtual phone maker: bundles, server, keys.",
        subcommands: [Init.self, Export.self, Import.self, Serve.self, Keys.self])

    /// `latchkey device-oem init`
    struct Init: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes the phone maker's root; other commands do so on first use.")
        @OptionGroup var state: StateOption
        @Option(help: "Its identifier towards automakers (default: example-phones).")
        var id: String?
        @Option(help: "The environment its certificates are for (default: development).")
        var environment: String?

        func run() async throws {
            let maker = try PhoneMaker.open(
                state.folder.deviceOEM, deviceOemId: id, environment: environment)
            print("device OEM \(maker.deviceOemId), environment \(maker.environment)")
        }
    }

    /// `latchkey device-oem export`
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the bundle automakers ask for.")
        @OptionGroup var state: StateOption
        @Option(help: "Where to write it (JSON).") var out: String

        func run() async throws {
            let maker = try PhoneMaker.open(state.folder.deviceOEM)
            let bundle = try maker.bundle()
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try NamedFile(path: out).write(try encoder.encode(bundle))
            print("\(maker.deviceOemId): the bundle is in \(out)")
            if bundle.server == nil {
                print("it names no server: start `latchkey device-oem serve` first to take calls")
            }
        }
    }

    /// `latchkey device-oem import`
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes up an automaker's bundle, ours or a foreign one.")
        @OptionGroup var state: StateOption
        @Argument(help: "The automaker's bundle (JSON).") var file: String

        func run() async throws {
            let maker = try PhoneMaker.open(state.folder.deviceOEM)
            let automaker = try maker.importAutomaker(NamedFile(path: file).read())
            print("automaker \(automaker.vehicleOemId) is imported; phones trust its root")
            if automaker.server == nil { print("it has no server: keys are not registered") }
        }
    }

    /// `latchkey device-oem serve`
    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes calls of automakers over mutual TLS, until it is stopped.")
        @OptionGroup var state: StateOption
        @Option(help: "Where to listen, host:port; part of the bundle.")
        var address = "127.0.0.1:8453"

        func validate() throws { _ = try listenAddress() }

        func run() async throws {
            let maker = try PhoneMaker.open(state.folder.deviceOEM)
            do {
                try await DeviceOEMServer(maker: maker, address: listenAddress()).run()
            } catch let error as ListenError {
                throw CommandError("\(error)", hint: "choose another one with --address")
            }
        }

        private func listenAddress() throws -> ListenAddress {
            guard let address = ListenAddress(address) else {
                throw ValidationError("--address takes host:port")
            }
            return address
        }
    }

    /// `latchkey device-oem keys`
    struct Keys: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the keys of all its phones.")
        @OptionGroup var state: StateOption

        func run() async throws {
            let keys = try PhoneMaker.open(state.folder.deviceOEM).store.keys()
            guard !keys.isEmpty else { return print("no keys yet") }
            print(
                "KEY".padded(to: 42) + "PHONE".padded(to: 14) + "TYPE".padded(to: 8)
                    + "VEHICLE".padded(to: 18) + "AUTOMAKER")
            for key in keys {
                print(
                    key.keyId.description.padded(to: 42) + key.phone.padded(to: 14)
                        + key.keyType.rawValue.padded(to: 8)
                        + key.vehicleId.description.padded(to: 18) + key.vehicleOemId)
            }
        }
    }
}
