// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import HTTPTypes
import HummingbirdTesting
import Identifiers
import Postgres
import ServiceKit
import TestKit
import Testing

@testable import IdentityRelay

@Suite struct MailboxRoutesTests {
    private let alice = UUID().uuidString
    private let bob = UUID().uuidString
    private let eve = UUID().uuidString

    @Test func `a car key travels from owner to friend and back`() async throws {
        let (alice, bob) = (alice, bob)
        try await RelayBench.run { relay in
            let path = try await relay.create(alice, token: "alice-push", data: "b3duZXIx")
            for id in [nil, UUID().uuidString] {
                let preview = try await relay.send(.get, path, request: id)
                #expect(preview.status == 200 && preview.headers[.mailboxRequestId] == id)
            }
            let read = try await relay.send(.post, path, claim: bob, request: nil)
            #expect(read.status == 200 && read.text.contains("b3duZXIx"))
            #expect(read.json["expiration"] == relay.time.now.adding(seconds: 3600).description)
            let update = try await relay.send(
                .put, path, claim: bob, body: RelayBench.update("ZnJpZW5k", token: "bob-push"))
            #expect(update.status == 200)
            #expect(
                update.json["isPushNotificationSupported"] == "1" || update.text.contains("true"))
            let signing = try await relay.send(.post, path, claim: alice)
            #expect(signing.text.contains("ZnJpZW5k"))
            #expect(
                try await relay.send(
                    .put, path, claim: alice, body: RelayBench.update("b3duZXIy")
                ).status == 200)
            #expect(try await relay.send(.post, path, claim: bob).text.contains("b3duZXIy"))
            let said = try await relay.database.query(
                "SELECT type, aggregateid, payload FROM outbox ORDER BY sequence")
            #expect(said.count == 2)
            let tokens = try said.map { row -> String in
                #expect(try row.value("type") == MailboxTouched.type)
                #expect(path.hasSuffix(try row.value("aggregateid", as: String.self)))
                let body: String = try row.value("payload")
                return try JSONDecoder().decode(MailboxTouched.self, from: Data(body.utf8))
                    .tokenData
            }
            #expect(tokens == ["alice-push", "bob-push"])
            #expect(try await relay.send(.delete, path, claim: bob).status == 200)
            for method in [HTTPRequest.Method.post, .delete, .get, .patch] {
                #expect(try await relay.send(method, path, claim: bob).status == 404)
            }
        }
    }

    @Test func `the preview is harmless and binds nobody`() async throws {
        let (alice, bob) = (alice, bob)
        try await RelayBench.run { relay in
            let path = try await relay.create(alice)
            let page = try await relay.send(.get, path + "?v=c", claim: "nonsense", request: nil)
            #expect(page.status == 200)
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            #expect(page.headers[.cacheControl] == "no-store")
            #expect(
                page.headers[.contentSecurityPolicy] == "default-src 'none'; img-src https:")
            #expect(page.text.contains(#"<meta property="og:title" content="A &lt;key&gt;">"#))
            #expect(page.text.contains("og:image") && !page.text.contains("<script"))
            #expect(try await relay.send(.post, path, claim: bob).status == 200)
        }
    }

    @Test func `a lost answer can be asked for again`() async throws {
        let (alice, bob) = (alice, bob)
        try await RelayBench.run { relay in
            let id = UUID().uuidString
            let body = RelayBench.creation(end: relay.time.now.adding(seconds: 60))
            let first = try await relay.send(.post, "/v1/m", claim: alice, request: id, body: body)
            let again = try await relay.send(.post, "/v1/m", claim: alice, request: id, body: body)
            #expect(first.status == 200 && again.status == 201)
            #expect(first.text == again.text)
            #expect(again.headers[.mailboxRequestId] == id)
            let path = (first.json["urlLink"] ?? "").replacing("https://relay.example", with: "")
            _ = try await relay.send(.post, path, claim: bob)
            for (method, claim, body) in [
                (HTTPRequest.Method.put, alice, RelayBench.update("BBBB")), (.patch, bob, nil),
            ] {
                let id = UUID().uuidString
                let once = try await relay.send(
                    method, path, claim: claim, request: id, body: body)
                let twice = try await relay.send(
                    method, path, claim: claim, request: id, body: body)
                #expect(once.status == 200 && twice.status == 201)
                #expect(once.text == twice.text)
            }
        }
    }

    @Test func `a request id that was used last changes nothing, whatever it asks for`()
        async throws
    {
        let (alice, bob) = (alice, bob)
        try await RelayBench.run { relay in
            let (made, written) = (UUID().uuidString, UUID().uuidString)
            let path = try await relay.create(alice, request: made)
            let update = RelayBench.update("BBBB")
            for method in [HTTPRequest.Method.put, .delete] {
                let again = try await relay.send(
                    method, path, claim: alice, request: made,
                    body: method == .put ? update : nil)
                #expect(again.status == 201, "\(method)")
                #expect(again.headers[.mailboxRequestId] == made)
            }
            #expect(try await relay.send(.post, path, claim: bob).text.contains("AAAA"))
            let first = try await relay.send(
                .put, path, claim: bob, request: written, body: update)
            #expect(first.status == 200)
            for method in [HTTPRequest.Method.delete, .patch] {
                #expect(
                    try await relay.send(method, path, claim: bob, request: written).status == 201)
            }
            // Bob kept his place, and what he wrote; an id of one device is none of the other.
            #expect(try await relay.send(.post, path, claim: bob).text.contains("BBBB"))
            #expect(
                try await relay.send(.delete, path, claim: alice, request: written).status == 200)
        }
    }

    @Test func `a creation can be repeated once its mailbox has ended, swept or not`()
        async throws
    {
        let alice = alice
        try await RelayBench.run { relay in
            let id = UUID().uuidString
            let ended = try await relay.create(alice, life: 10, request: id)
            relay.time.pass(10)
            let fresh = try await relay.create(alice, life: 10, request: id)
            #expect(!fresh.isEmpty && fresh != ended)
            #expect(try await relay.send(.post, ended, claim: alice).status == 404)
            #expect(try await relay.send(.post, fresh, claim: alice).status == 200)
        }
    }

    @Test func `payloads overwritten unread are counted, whoever else has looked`() async throws {
        let (alice, bob) = (alice, bob)
        try await RelayBench.run { relay in
            let path = try await relay.create(alice)
            func overwritten(by claim: String, after reader: String) async throws -> Bool {
                let before = relay.metrics.text
                #expect(try await relay.send(.post, path, claim: reader).status == 200)
                let write = try await relay.send(
                    .put, path, claim: claim, body: RelayBench.update("BBBB"))
                #expect(write.status == 200)
                let count = { (text: String) in
                    text.split(separator: "\n").last {
                        $0.hasPrefix("latchkey_relay_overwritten_total ")
                    }
                }
                return count(before) != count(relay.metrics.text)
            }
            #expect(try await overwritten(by: alice, after: alice))
            #expect(try await !overwritten(by: alice, after: bob))
            #expect(try await overwritten(by: bob, after: alice))
            #expect(try await overwritten(by: bob, after: bob))
            #expect(try await !overwritten(by: alice, after: alice))
        }
    }

    @Test func `the same creation at once makes one mailbox`() async throws {
        let alice = alice
        try await RelayBench.run { relay in
            let id = UUID().uuidString
            var links: Set<String> = []
            // The second time the mailbox of the first has ended and is still in the table.
            for round in 1...2 {
                let body = RelayBench.creation(end: relay.time.now.adding(seconds: 60))
                let answers = try await withThrowingTaskGroup(of: RelayBench.Answer.self) {
                    group in
                    for _ in 0..<8 {
                        group.addTask {
                            try await relay.send(
                                .post, "/v1/m", claim: alice, request: id, body: body)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.map(\.status).sorted() == [200] + Array(repeating: 201, count: 7))
                links.formUnion(answers.map(\.text))
                #expect(links.count == round)
                relay.time.pass(60)
            }
        }
    }

    @Test func `of readers that race exactly one is bound`() async throws {
        let alice = alice
        try await RelayBench.run { relay in
            let path = try await relay.create(alice)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await relay.send(.post, path, claim: UUID().uuidString).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 200 }.count == 1)
            #expect(statuses.filter { $0 == 401 }.count == 7)
        }
    }

    @Test func `a mailbox ends in time, even when nobody cleans up`() async throws {
        let (alice, bob) = (alice, bob)
        try await RelayBench.run { relay in
            let path = try await relay.create(alice, life: 60)
            let job = ExpiryJob(database: relay.database, host: relay.host)
            relay.time.pass(59)
            #expect(try await job.sweep() == 0)
            #expect(try await relay.send(.post, path, claim: bob).status == 200)
            relay.time.pass(1)
            #expect(try await relay.send(.post, path, claim: bob).status == 404)
            #expect(try await relay.send(.get, path).status == 404)
            #expect(try await job.sweep() == 1)
            #expect(try await job.sweep() == 0)
        }
    }

    @Test func `guessing claims locks the mailbox, creating too many locks the address`()
        async throws
    {
        let (alice, bob, eve) = (alice, bob, eve)
        try await RelayBench.run(perHour: 2) { relay in
            let path = try await relay.create(alice)
            _ = try await relay.send(.post, path, claim: bob)
            for _ in 0..<RelayLimits.wrongClaims {
                #expect(try await relay.send(.post, path, claim: eve).status == 401)
            }
            let locked = try await relay.send(.post, path, claim: bob)
            #expect(locked.status == 429 && locked.headers[.retryAfter] == "900")
            relay.time.pass(900)
            #expect(try await relay.send(.post, path, claim: bob).status == 200)

            _ = try await relay.create(alice)
            let body = RelayBench.creation(end: relay.time.now.adding(seconds: 60))
            let many = try await relay.send(.post, "/v1/m", claim: alice, body: body)
            #expect(many.status == 429 && many.headers[.retryAfter] != nil)
            relay.time.pass(3600)
            let later = RelayBench.creation(end: relay.time.now.adding(seconds: 60))
            #expect(try await relay.send(.post, "/v1/m", claim: alice, body: later).status == 200)
        }
    }

    @Test func `a client that waits hears of the next payload or of nothing`() async throws {
        let (alice, bob) = (alice, bob)
        try await RelayBench.run { relay in
            let path = try await relay.create(alice)
            let quiet = try await relay.send(.post, path + "?wait=1", claim: bob)
            #expect(quiet.status == 204 && quiet.text.isEmpty)
            async let waiting = relay.send(.post, path + "?wait=20", claim: bob)
            try await Task.sleep(for: .milliseconds(300))
            let start = ContinuousClock.now
            _ = try await relay.send(
                .put, path, claim: alice, body: RelayBench.update("TkVXUw=="))
            let news = try await waiting
            #expect(news.status == 200 && news.text.contains("TkVXUw=="))
            #expect(ContinuousClock.now - start < .seconds(15))
            let missed = try await relay.send(
                .post, path + "?wait=20", claim: bob, headers: [.ifNoneMatch: "\"1\""])
            #expect(missed.status == 200 && missed.headers[.eTag] == "\"2\"")
        }
    }

    @Test func `writes on condition notice the other side`() async throws {
        let (alice, bob) = (alice, bob)
        try await RelayBench.run { relay in
            let path = try await relay.create(alice)
            let tag = try await relay.send(.post, path, claim: bob).headers[.eTag] ?? ""
            let update = RelayBench.update("BBBB")
            let write = try await relay.send(
                .put, path, claim: alice, body: update, headers: [.ifMatch: tag])
            #expect(write.status == 200 && write.headers[.eTag] == "\"2\"")
            let stale = try await relay.send(
                .put, path, claim: bob, body: update, headers: [.ifMatch: tag])
            #expect(stale.status == 412)
        }
    }
}
