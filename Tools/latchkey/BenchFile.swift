// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import DeviceOEM
import Foundation
import KeyProtocol
import PhoneHost
import ServiceKit
import Stack
import VirtualPhone

/// Files with secrets: readable by their owner only, replaced whole.
enum BenchFile {
    static func write(_ value: some Encodable, to path: String) throws {
        let url = URL(fileURLWithPath: path)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            try PrivateFolder(url.deletingLastPathComponent())
                .write(try encoder.encode(value), to: url.lastPathComponent, mode: 0o600)
        } catch DeviceOEMError.file(_, let reason) {
            throw CommandError(
                "cannot write \(path): \(reason.lowercased())",
                hint: "--out names a file in a folder that exists and that you may write to")
        }
    }

    private struct Kind: Decodable { var format: String? }

    /// Reads a file that must say of itself that it is of `format`.
    static func read<Value: Decodable>(
        _ type: Value.Type, format: String, from path: String
    ) throws -> Value {
        let data = try NamedFile(path: path).read()
        do {
            let kind = try JSONBody.decode(Kind.self, from: Array(data)).format
            guard kind == format else {
                throw PhoneHostError.bench(
                    "\(path): its format is \(kind ?? "missing"), and not \(format)")
            }
            return try JSONBody.decode(type, from: Array(data))
        } catch let problem as Problem {
            // It names the member; the decoder's own error would quote the secrets.
            throw PhoneHostError.bench(
                "\(path): \(problem.fields.isEmpty ? "not valid JSON" : problem.detail)")
        }
    }
}

extension VehicleCommand {
    /// `latchkey vehicle export`
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a whole car with its secrets to a file, for the bench.")
        @OptionGroup var place: GatewayOption
        @Argument(help: "Name, VIN or vehicle id.") var vehicle: String
        @Option(help: "Where to write it (JSON, readable by you only).") var out: String

        func run() async throws {
            let file = try await place.fleet().export(vehicle)
            try BenchFile.write(file, to: out)
            print(
                "\(file.displayName): \(counted(file.keys.count, "key")) and all secrets are in \(out)"
            )
        }
    }

    /// `latchkey vehicle import`
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts an exported car, also a foreign one, at readers of a gateway.")
        @OptionGroup var place: GatewayOption
        @Argument(help: "The file that export wrote.") var file: String
        @Option(help: "PC/SC name of the reader at the door handle.") var door: String?
        @Option(help: "PC/SC name of the reader at the dashboard.") var dashboard: String?

        func validate() throws {
            guard (door == nil) == (dashboard == nil) else {
                throw ValidationError("give both --door and --dashboard, or neither")
            }
        }

        func run() async throws {
            let file = try BenchFile.read(
                VehicleFile.self, format: VehicleFile.format, from: file)
            let fleet = try place.fleet()
            let named = door.flatMap { door in dashboard.map { (door: door, dashboard: $0) } }
            let car = try await fleet.take(file, at: named)
            print(
                "\(car.displayName)  vehicle \(car.vehicleId)  \(counted(car.keys.count, "key"))")
            VehicleCommand.printReaders(of: car, fleet)
            let wanted = (file.furtherDoors ?? []) + [file.trunk].compactMap(\.self)
            for reader in wanted where !car.readers.names.contains(reader) {
                print("left out         \(reader), which another car has")
            }
        }
    }
}

extension PhoneCommand {
    /// `latchkey phone export`
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a whole phone with its secrets to a file, for the bench.")
        @OptionGroup var state: StateOption
        @Argument(help: "The phone.") var name: String
        @Option(help: "Where to write it (JSON, readable by you only).") var out: String

        func run() async throws {
            let file = try state.phone(name).file()
            try BenchFile.write(file, to: out)
            print("\(name): \(counted(file.keys.count, "key")) and all secrets are in \(out)")
        }
    }

    /// `latchkey phone import`
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a phone from a file that export wrote.")
        @OptionGroup var state: StateOption
        @Argument(help: "What to call it; there must be no such phone yet.") var name: String
        @Argument(help: "The file that export wrote.") var file: String

        func run() async throws {
            let file = try BenchFile.read(
                PhoneFile.self, format: PhoneFile.format, from: file)
            _ = try await PhoneCommand.speaking(name) {
                try Phone.make(
                    name, from: file, in: state.folder.phones,
                    maker: PhoneMaker.open(state.folder.deviceOEM))
            }
            print("\(name): ready with \(counted(file.keys.count, "key"))")
        }
    }
}
