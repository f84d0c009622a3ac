// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import Testing

/// The search for secrets finds them; that it finds nothing says something only because of this.
@Suite struct SecretsTests {
    private static let key = [UInt8](0..<16).map { $0 &* 37 &+ 11 }
    private static let persistent = [UInt8](0..<32).map { $0 &* 73 &+ 29 }
    private static let channel = [UInt8](0..<48).map { $0 &* 91 &+ 53 }
    private static let drawn = persistent.map { $0 &+ 3 }
    private static let base64 = Data(persistent).base64EncodedString()

    /// What stands in a log, and what is found in it.
    static let written: [(line: String, secret: String)] = [
        ("key \(persistent.hex) for alice", "kpersistent"),
        ("key \(persistent.hex.uppercased())", "kpersistent"),
        ("{\"body\":\"\(base64)\"}", "kpersistent"),
        (Data([7] + persistent + [8]).base64EncodedString(), "kpersistent"),
        (Data([7, 9] + persistent).base64EncodedString(), "kpersistent"),
        (base64.replacing("+", with: "-").replacing("/", with: "_"), "kpersistent"),
        ("Kmac is \(Array(channel[16..<32]).hex)", "a channel's key"),
        ("vehicle_eSK=\(drawn.hex)", "drawn for vehicle_eSK"),
        ("the secret is \(key.hex)", "secret"), ("password=12345678,", "a pairing password"),
        ("-----BEGIN EC PRIVATE KEY-----", "a PEM key"),
    ]

    @Test(arguments: written)
    func `a secret in a log is found and is not shown`(line: String, secret: String) async throws {
        let program = try Self.program()
        defer { program.clean() }
        try program.log("started\n\(line)\n")
        #expect(
            try program.foundSecrets().places == ["\(secret) in \(program.path("logs/some.log"))"])
    }

    @Test func `a secret that a command prints is found, but not a password or a link`() throws {
        let program = try Self.program()
        defer { program.clean() }
        try program.note(.init(text: "invitation link https://relay/#\(Self.key.hex)\n", code: 0))
        #expect(try program.foundSecrets().places == [])
        try program.note(.init(text: "token \(Self.key.hex)\n", code: 0))
        #expect(try program.foundSecrets().places == ["secret in \(program.printed.path)"])
    }

    @Test func `what everybody may see is nothing to look for`() throws {
        let program = try Self.program()
        defer { program.clean() }
        try program.log(
            "transaction \(Array(Self.drawn.reversed()).hex), listening on port 912345678")
        #expect(try program.foundSecrets().places == [])
    }

    /// A state folder of a phone, a trace and a command, as the programs write them.
    private static func program() throws -> LatchkeyProgram {
        let program = try LatchkeyProgram()
        let draws = [(drawn, "vehicle_eSK"), (Array(drawn.reversed()), "transaction_identifier")]
            .map { "{\"bytes\":\"\($0.hex)\",\"purpose\":\"\($1)\"}" }
        let phone = #"{"kpersistent":"\#(persistent.hex)"}"#
        try program.put(
            "traces/car.jsonl",
            """
            {"format":"latchkey-trace-1","phone":"\(phone.replacing("\"", with: "\\\""))"}
            {"draws":[\(draws.joined(separator: ","))],"keys":"\(channel.hex)"}
            """)
        try program.put("phones/alice/wallet.json", "{ \"secret\" : \"\(key.hex)\" }")
        try program.note(.init(text: "pairing password  12345678\n", code: 0))
        return program
    }
}

extension LatchkeyProgram {
    fileprivate func log(_ text: String) throws { try put("logs/some.log", text) }

    fileprivate func put(_ name: String, _ text: String) throws {
        let file = state.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }
}
