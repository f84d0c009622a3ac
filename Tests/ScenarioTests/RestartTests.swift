// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import ServiceTestKit
import TestKit
import Testing

extension Scenarios {
    /// Parts die while people go on.
    @Suite struct RestartTests {
        @Test func `parts killed in mid-flow come back, and registry, car and wallets agree`()
            async throws
        {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            var chaos = Chaos(program)
            let order = chaos.victims
            try await program.whileUp {
                try await program.introduceMakers()
                try await program.done("vehicle", "add", "--vin", "LKY00000000000009")
                try await program.pairs("alice", with: "Roadster")
                for friend in ["bob", "carol"] { try await program.done("phone", "new", friend) }

                // Registration, sharing, an order to end a key: something dies in each of them.
                try await chaos.amid("phone", "sync", "alice")
                try await chaos.amid(
                    "phone", "tap", "alice", "--vehicle", "Roadster", "--at", "dashboard")
                let link = try await chaos.amid(
                    "phone", "share", "alice", "--level", "Access and Drive Restricted", "--friend",
                    "bob"
                ).value("invitation link")
                try await chaos.amid("phone", "accept", "bob", link)
                try await chaos.amid("phone", "sync", "alice")
                try await chaos.amid("phone", "sync", "bob")
                try await chaos.amid("phone", "tap", "bob", "--vehicle", "Roadster", "--at", "door")
                try await share(with: "carol", program)
                let bob = try await key(of: "bob", program)
                try await until(bob, is: .active, program)
                try await chaos.amid("phone", "revoke", "alice", "--key", bob)
                try await chaos.amid("phone", "sync", "bob")
                // The owner's phone may have met a dead registry: then it asks again.
                try await until(bob, is: .terminated, program) {
                    try await program.done("phone", "sync", "alice")
                    try await program.done("phone", "sync", "bob")
                }
                try await chaos.amid(
                    "phone", "tap", "alice", "--vehicle", "Roadster", "--at", "door")
                #expect(chaos.victims.isEmpty)

                let carol = try await key(of: "carol", program)
                let keys = Set([try await key(of: "alice", program), carol])
                try await eventually(
                    "agreement (the dead, last one first: \(order))", within: .seconds(60)
                ) {
                    let (registry, car) = try await (registryKeys(), carKeys())
                    let wallets = try await walletKeys(program)
                    guard registry == keys, car == keys, wallets == keys else {
                        throw Disagreement(description: "\(registry) \(car) \(wallets)")
                    }
                    return true
                }
                try await wishWhileNobodyHears(carol, chaos)
                try await eventually("the owner's phone hears of the end", within: .seconds(60)) {
                    let shares = try await program.done("phone", "shares", "alice")
                    return shares.split(separator: "\n").contains {
                        $0.hasPrefix("bob") && $0.contains(" ended ")
                    }
                }
            }
            let printed = try String(contentsOf: program.output, encoding: .utf8)
            for part in order {
                #expect(printed.contains("\(part) ended by itself (signal 9) and starts again in"))
            }
        }

        /// The owner's wishes find no registry; it hears of them at the next sync.
        private func wishWhileNobodyHears(_ carol: String, _ chaos: Chaos) async throws {
            let program = chaos.program
            try await chaos.without("key-registry") {
                let revoked = try await program.done("phone", "revoke", "alice", "--key", carol)
                #expect(revoked.contains("not told, which the next sync does"), "\(revoked)")
                #expect(revoked.contains("when alice taps the dashboard next"), "\(revoked)")
            }
            let sync = try await program.done("phone", "sync", "alice")
            #expect(sync.contains("was asked to end the key of carol"), "\(sync)")
            try await until(carol, is: .terminated, program) {
                try await program.done("phone", "sync", "carol")
            }
            try await chaos.without("key-registry") {
                let lost = try await program.done("phone", "suspend", "alice")
                #expect(lost.contains("not told, which the next sync does"), "\(lost)")
            }
            try await program.done("phone", "sync", "alice")
            let alice = try await key(of: "alice", program)
            try await until(alice, is: .suspended, program)
            try await program.done("phone", "resume", "alice")
            try await until(alice, is: .active, program)
            let again = try await program.done("phone", "sync", "alice")
            #expect(!again.contains("carol") && !again.contains("not told"), "\(again)")
        }

        private struct Disagreement: Error, CustomStringConvertible { let description: String }

        // MARK: - Steps

        private func share(with friend: String, _ program: LatchkeyProgram) async throws {
            let link = try await program.done(
                "phone", "share", "alice", "--level", "Access and Drive Restricted", "--friend",
                friend
            ).value("invitation link")
            try await program.done("phone", "accept", friend, link)
            try await program.done("phone", "sync", "alice")
            try await program.done("phone", "sync", friend)
            try await program.done(
                "phone", "tap", friend, "--vehicle", "Roadster", "--at", "door")
        }

        // MARK: - Who holds which keys

        private func vehicle() async throws -> RegistryAPI.Vehicle {
            let vehicles: [RegistryAPI.Vehicle] = try await get("operator/v1/vehicles", port: 3)
            return try #require(vehicles.first)
        }

        private func registryKeys() async throws -> Set<String> {
            Set(try await vehicle().keys.filter { $0.state == .active }.map(\.keyId.description))
        }

        private func carKeys() async throws -> Set<String> {
            let cars: [CarAPI.Vehicle] = try await get("car/v1/vehicles", port: 7)
            return Set(
                cars.flatMap(\.keys).filter { $0.state == "active" }.map(\.keyId.description))
        }

        private func get<Body: Decodable>(_ path: String, port: Int) async throws -> Body {
            let url = "http://127.0.0.1:\(LatchkeyProgram.basePort + port)/\(path)"
            let answer = try #require(await answer(of: url), "nobody answers \(url)")
            return try JSONDecoder().decode(Body.self, from: Data(answer.body.utf8))
        }

        /// Lines of `phone list`: phone, vehicle, role, state, registered, key, access.
        private func wallets(_ program: LatchkeyProgram) async throws -> [[String]] {
            try await program.done("phone", "list").split(separator: "\n").dropFirst()
                .map { $0.split(separator: " ").map(String.init) }.filter { $0.count >= 7 }
        }

        private func walletKeys(_ program: LatchkeyProgram) async throws -> Set<String> {
            Set(try await wallets(program).filter { $0[3] == "active" }.map { $0[5] })
        }

        private func key(of phone: String, _ program: LatchkeyProgram) async throws -> String {
            let line = try await wallets(program).first { $0[0] == phone }
            return try #require(line, "\(phone) has no key")[5]
        }

        private func until(
            _ key: String, is state: KeyState, _ program: LatchkeyProgram,
            doing work: () async throws -> Void = {}
        ) async throws {
            try await eventually("\(key) as \(state)", within: .seconds(120)) {
                try await work()
                let keys = try await vehicle().keys
                guard keys.contains(where: { $0.keyId.description == key && $0.state == state })
                else {
                    throw Disagreement(description: "\(keys.map { "\($0.keyId) \($0.state)" })")
                }
                return true
            }
        }
    }
}
