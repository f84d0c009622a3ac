// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import ServiceTestKit
import TestKit
import Testing

/// Stories told by the real executables, one after the other: each wants the machine for itself.
@Suite(.serialized) enum Scenarios {}

extension Scenarios {
    /// The story of the README.
    @Suite struct MainJobTests {
        @Test func `the demo is as expected, and no log and no event of it holds a secret`()
            async throws
        {
            let output = try await LatchkeyProgram.runBare(["demo", "--keep"])
            #expect(output.code == 0, "\(output.text)")
            for line in [
                "alice is the owner of Roadster", "the car read the receipt",
                "the wallet holds the pass, active",
                "they are back and nothing is lost", "the car limits itself to 65 mph",
                "carol's phone is refused", "carol comes near: unlocked",
                "proved the end of the key",
                "alice's phone shows the notification", "bob-backup is refused",
            ] {
                #expect(output.text.contains(line), "\(line)")
            }
            if PrivatePCSC.Driver.standard == .latchkey {
                #expect(output.text.contains("picked the key before SELECT"))
            }
            let path = try output.text.value("state and logs:")
            let program = LatchkeyProgram(state: URL(fileURLWithPath: path))
            defer { program.clean() }
            try program.note(output)
            try await expectNoSecret(program)
        }

        /// Looks through everything that services write. The folder comes up once more, so that the
        /// outboxes say all events again, with a pairing and an invitation under way.
        private func expectNoSecret(_ program: LatchkeyProgram) async throws {
            let port = LatchkeyProgram.basePort
            try await program.whileUp {
                let pairing = try await program.done("vehicle", "pair", "Coupe")
                try #require(pairing.contains("the car is in pairing mode"), "\(pairing)")
                try await program.done(
                    "phone", "share", "carol", "--level", "Access and Drive Restricted", "--friend",
                    "dave", "--code", "271828")
                let document = try await newestDocument(port)
                try await EventDump(basePort: port, file: program.events).write(until: document)
            }

            // There is something to look for, and it is found where it belongs.
            let secrets = try Secrets(in: program.state)
            #expect(secrets.names.isSuperset(of: ["kpersistent", "w0", "L", "a channel's key"]))
            let held = try secrets.found(
                in: ["phones", "automaker", "device-oem/root.key", "traces"].map {
                    program.state.appending(path: $0)
                })
            for name in [
                "privateKey", "longTermSharedSecret", "secret", "token", "immobilizerKey",
                "vehicleKey", "encryptionKey", "a PEM key", "keys", "drawn for vehicle_eSK",
            ] {
                #expect(held.contains { $0.hasPrefix(name) }, "no \(name) to look for")
            }
        }

        /// The text with which the newest document of the Coupe names itself on its topic.
        private func newestDocument(_ port: Int) async throws -> String {
            let url = "http://127.0.0.1:\(port + 3)/operator/v1/vehicles"
            let body = try #require(await answer(of: url)).body
            let vehicles = try JSONDecoder().decode(
                [RegistryAPI.Vehicle].self, from: Data(body.utf8))
            let coupe = try #require(vehicles.first { $0.displayName == "Coupe" })
            return "\"version\": \(coupe.documentVersion), \"vehicleId\": \"\(coupe.vehicleId)\""
        }
    }
}
