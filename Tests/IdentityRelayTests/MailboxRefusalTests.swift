// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Identifiers
import Testing

@testable import IdentityRelay

/// Every way to ask wrongly (SERVER 2.3, 2.4, 2.6).
@Suite struct MailboxRefusalTests {
    static let end = Instant(secondsSinceEpoch: 1_800_000_000).adding(seconds: 60)

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var method = HTTPRequest.Method.post
        /// Below the mailbox of the test, or `/v1/m` when none.
        var path: String?
        var claim: String? = UUID().uuidString
        var request: String? = UUID().uuidString
        var body: String?
        let status: Int
        var testDescription: String { name }
    }

    static func create(_ name: String, _ from: String, _ to: String, _ status: Int = 400) -> Case {
        Case(
            name: name, body: RelayBench.creation(end: end).replacing(from, with: to),
            status: status)
    }

    static let good = RelayBench.creation(end: end)
    static let cases = [
        Case(name: "create without a request id", request: nil, body: good, status: 400),
        Case(name: "create with a wrong request id", request: "7", body: good, status: 400),
        Case(name: "create without a claim", claim: nil, body: good, status: 400),
        Case(name: "create with a wrong claim", claim: "seven", body: good, status: 400),
        Case(name: "no JSON", body: "{", status: 400),
        Case(name: "an array", body: "[]", status: 400),
        create("no payload", "\"payload\"", "\"load\""),
        create("no payload type", "\"type\": \"AEAD", "\"kind\": \"AEAD"),
        create("unknown algorithm", "AEAD_AES_128_GCM", "ROT13"),
        create("payload that is no Base64", "AAAA", "A!AA"),
        create("empty payload", "AAAA", ""),
        create("payload is a number", "\"AAAA\"", "7"),
        create("no title", "\"title\"", "\"heading\""),
        create("title too long", "A <key>", String(repeating: "k", count: 513)),
        create("rights unknown", "RWD", "RX"),
        create("rights twice", "RWD", "RR"),
        create("rights in lower case", "RWD", "rwd"),
        create("no end", "\"expiration\"", "\"end\""),
        create("end with a fraction", end.description, "2027-01-15T08:01:00.5Z"),
        create("end in another zone", end.description, "2027-01-15T08:01:00+01:00"),
        create("end in the past", end.description, "2020-01-01T00:00:00Z"),
        create("end after 8 days", end.description, "2027-01-24T00:00:00Z"),
        create("payload of 64 KiB and more", "AAAA", String(repeating: "A", count: 65540), 413),
        create("body of 96 KiB and more", "AAAA", String(repeating: "A", count: 98304), 413),
        Case(name: "read with a wait of an hour", path: "?wait=3600", status: 400),
        Case(name: "read with a wait of nothing", path: "?wait=x", status: 400),
        Case(name: "read with a wrong request id", path: "", request: "x", status: 400),
        Case(name: "read without a claim", path: "", claim: nil, status: 401),
        Case(name: "read with a wrong claim", path: "", claim: "x", status: 401),
        Case(
            name: "read with a wrong token", path: "", body: #"{"notificationToken":{}}"#,
            status: 400),
        Case(name: "update without a body", method: .put, path: "", status: 415),
        Case(
            name: "update by a stranger", method: .put, path: "", body: RelayBench.update("BBBB"),
            status: 401),
        Case(
            name: "update without a claim", method: .put, path: "", claim: nil,
            body: RelayBench.update("BBBB"), status: 401),
        Case(
            name: "update with a wrong claim", method: .put, path: "", claim: "x",
            body: RelayBench.update("BBBB"), status: 401),
        Case(
            name: "update without a request id", method: .put, path: "", request: nil,
            body: RelayBench.update("BBBB"), status: 400),
        Case(name: "delete by a stranger", method: .delete, path: "", status: 401),
        Case(
            name: "delete without a request id", method: .delete, path: "", request: nil,
            status: 400),
        Case(name: "delete without a claim", method: .delete, path: "", claim: nil, status: 401),
        Case(name: "relinquish without a claim", method: .patch, path: "", claim: nil, status: 401),
        Case(name: "relinquish by a stranger", method: .patch, path: "", status: 401),
        Case(name: "another method", method: .options, path: "", status: 405),
        Case(name: "below a mailbox", method: .get, path: "/x", status: 404),
    ]

    @Test func `every wrong question has its status and echoes the request id`() async throws {
        try await RelayBench.run { relay in
            let path = try await relay.create(UUID().uuidString)
            for row in Self.cases {
                let answer = try await relay.send(
                    row.method, row.path.map { path + $0 } ?? "/v1/m", claim: row.claim,
                    request: row.request, body: row.body)
                #expect(answer.status == row.status, "\(row.name): \(answer.text)")
                #expect(answer.headers[.contentType] == "application/problem+json", "\(row.name)")
                guard let id = row.request, id.count == 36 else { continue }
                #expect(answer.headers[.mailboxRequestId] == id, "\(row.name)")
            }
        }
    }

    @Test func `unknown, ended and malformed ids cannot be told apart`() async throws {
        try await RelayBench.run { relay in
            let claim = UUID().uuidString
            let ended = try await relay.create(claim, life: 10)
            relay.time.pass(10)
            let paths = [ended, "/v1/m/\(UUID().uuidString)", "/v1/m/seven", "/v1/m/%00"]
            let ways: [(HTTPRequest.Method, String?)] = [
                (.get, nil), (.post, nil), (.put, RelayBench.update("BBBB")), (.delete, nil),
                (.patch, nil),
            ]
            for (method, body) in ways {
                for path in paths {
                    for claim in [claim, "seven", nil] {
                        let answer = try await relay.send(method, path, claim: claim, body: body)
                        #expect(
                            answer.status == 404
                                && answer.json["subStatusCode"] == "MAILBOX_UNKNOWN",
                            "\(method) \(path) \(claim ?? "no claim"): \(answer.text)")
                    }
                }
            }
        }
    }
}
