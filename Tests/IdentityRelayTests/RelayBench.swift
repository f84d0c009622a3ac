// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Identifiers
import Messaging
import Postgres
import ServiceKit
import Synchronization
import TestKit

@testable import IdentityRelay

/// The relay on a scratch database, with a clock that tests turn.
struct RelayBench: Sendable {
    final class Time: Sendable {
        let seconds = Mutex<Int64>(1_800_000_000)
        func pass(_ more: Int64) { seconds.withLock { $0 += more } }
        var now: Instant { Instant(secondsSinceEpoch: seconds.withLock { $0 }) }
    }

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPFields
        let text: String
        var json: [String: String] {
            let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            return (value ?? [:]).mapValues { "\($0)" }
        }
    }

    let client: any TestClientProtocol
    let database: Database
    let host: ServiceHost
    let time: Time

    /// Runs `body` against a relay of its own; its long polls work.
    static func run(
        perHour: Int = 1000, _ body: @Sendable @escaping (RelayBench) async throws -> Void
    ) async throws {
        try await withScratchDatabase(
            schema: RelayMigrations.schema,
            migrations: [Outbox.migration(1), Inbox.migration(2)] + RelayMigrations.all
        ) { database in
            let time = Time()
            let host = ServiceHost(
                service: "identity-relay",
                clock: WallClock { time.now.secondsSinceEpoch * 1000 })
            let polls = LongPolls(database: database, host: host)
            let routes = MailboxRoutes(
                relay: Relay(database: database, host: host), polls: polls,
                limiter: CreationLimiter(perHour: perHour, clock: host.clock, random: host.random),
                page: try PreviewPage(), publicURL: "https://relay.example")
            let listener = HTTPListener(
                "mailboxes", at: ListenAddress(host: "127.0.0.1", port: 0), host: host,
                limits: HTTPLimits(body: RelayLimits.body, deadline: .seconds(40)),
                takesRequestIds: false, problems: { Backbone.problem(for: $0) },
                routes: routes.add)
            let listening = Task { try await polls.run() }
            defer { listening.cancel() }
            try await listener.application.test(.router) { client in
                try await body(
                    RelayBench(client: client, database: database, host: host, time: time))
            }
        }
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, claim: String? = nil,
        request: String? = UUID().uuidString, body: String? = nil, headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        headers[.mailboxDeviceClaim] = claim
        headers[.mailboxRequestId] = request
        if body != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        return try await client.execute(
            uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) }
        ) {
            Answer(
                status: $0.status.code, headers: $0.headers, text: String(buffer: $0.body))
        }
    }

    /// The path of a mailbox that `claim` makes.
    func create(
        _ claim: String, rights: String = "RWD", token: String? = nil, life: Int64 = 3600,
        data: String = "AAAA"
    ) async throws -> String {
        let answer = try await send(
            .post, "/v1/m", claim: claim,
            body: Self.creation(
                rights: rights, token: token, end: time.now.adding(seconds: life), data: data))
        return (answer.json["urlLink"] ?? "").replacing("https://relay.example", with: "")
    }

    static func creation(
        rights: String = "RWD", token: String? = nil, end: Instant, data: String = "AAAA"
    ) -> String {
        """
        {"payload": {"type": "AEAD_AES_128_GCM", "data": "\(data)"},
         "displayInformation": {"title": "A <key>", "description": "for you",
            "imageURL": "https://relay.example/car.png"},
         \(token.map { #""notificationToken": {"type": "webhook", "tokenData": "\#($0)"},"# } ?? "")
         "mailboxConfiguration": {"accessRights": "\(rights)", "expiration": "\(end)"}}
        """
    }

    static func update(_ data: String, token: String? = nil) -> String {
        """
        {"payload": {"type": "AEAD_AES_256_GCM", "data": "\(data)"}
         \(token.map { #", "notificationToken": {"type": "webhook", "tokenData": "\#($0)"}"# } ?? "")}
        """
    }
}
