// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import ServiceTestKit
import TestKit
import Testing

/// Friends of alice at the Roadster.
struct Friends {
    let program: LatchkeyProgram

    enum Place: String {
        case door, dashboard, trunk
    }

    init(_ program: LatchkeyProgram) { self.program = program }

    /// Alice shares; the friend accepts; no server hears of it.
    func share(with friend: String, _ level: String, _ terms: String...) async throws {
        try await program.done("phone", "new", friend)
        let offer = ["phone", "share", "alice", "--friend", friend, "--level", level] + terms
        let link = try await program.run(offer)
        try #require(link.code == 0, "\(link.text)")
        try await program.done("phone", "accept", friend, link.text.value("invitation link"))
        try await program.done("phone", "sync", "alice", "--no-register")
        try await program.done("phone", "sync", friend, "--no-register")
    }

    /// Alice offers a key and changes her mind: the link is worth nothing, and the slot is free.
    func takeBack(_ friend: String) async throws {
        try await program.done("phone", "new", friend)
        let offer = try await program.done(
            "phone", "share", "alice", "--friend", friend, "--level", "Valet")
        let taken = try await program.done("phone", "revoke", "alice", "--friend", friend)
        #expect(taken == "alice: the invitation of \(friend) is taken back\n")
        #expect(try await !program.done("phone", "shares", "alice").contains(friend))
        let late = try await program.run(
            "phone", "accept", friend, offer.value("invitation link"))
        #expect(late.code == 1 && late.text.contains("taken back"), "\(late.text)")
        let again = try await program.run("phone", "revoke", "alice", "--friend", friend)
        #expect(again.code == 1 && again.text.contains("phone shares"), "\(again.text)")
    }

    /// The command of a tap.
    func tap(_ phone: String, at place: Place) -> [String] {
        ["phone", "tap", phone, "--vehicle", "Roadster", "--at", place.rawValue, "--offline"]
    }

    /// The phone prints `words`, and the last line of the car's own log has the same end: the CONTROL
    /// FLOW as four digits, and when it refused the sentence, too.
    func expect(
        _ phone: String, at place: Place, _ words: String, _ flow: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let tap = try await program.run(self.tap(phone, at: place))
        let isRefusal = flow.hasPrefix("00")
        #expect((tap.code == 0) != isRefusal, "\(tap.text)", sourceLocation: sourceLocation)
        #expect(tap.text.contains(words), "\(tap.text)", sourceLocation: sourceLocation)
        let cars = "http://127.0.0.1:\(LatchkeyProgram.basePort + 7)/car/v1/vehicles"
        let vehicles = try await read([CarAPI.Vehicle].self, cars)
        let id = try #require(vehicles.first?.vehicleId)
        let log = try await read([CarAPI.LogEntry].self, "\(cars)/\(id)/log?limit=1")
        let entry = try #require(log.first)
        #expect(entry.controlFlow == flow, "\(entry)", sourceLocation: sourceLocation)
        guard isRefusal else { return }
        #expect(entry.outcome == "refused", "\(entry)", sourceLocation: sourceLocation)
        #expect(entry.text.hasPrefix(words), "\(entry)", sourceLocation: sourceLocation)
    }

    private func read<Body: Decodable>(_ type: Body.Type, _ url: String) async throws -> Body {
        let body = try #require(await answer(of: url)?.body, "nothing at \(url)")
        return try JSONDecoder().decode(type, from: Data(body.utf8))
    }
}
