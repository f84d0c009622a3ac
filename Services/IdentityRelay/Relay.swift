// SPDX-License-Identifier: Apache-2.0

import Contracts
import CoreMetrics
import Identifiers
import Postgres
import ServiceKit

/// What a client asks a mailbox for, after the headers were read.
struct MailboxRequest: Sendable {
    /// None when the path held no UUID: answered like an unknown one, after the same work.
    var mailbox: MailboxID?
    var claim: DeviceClaim?
    var request: RequestID?
    var ifMatch: [String] = []
}

/// A mailbox to be made.
struct MailboxCreation: Sendable {
    var payload: Payload
    var display: DisplayInformation
    var rights: AccessRights
    var token: NotificationToken?
    var expiresAt: Instant
}

/// The use cases of the relay: load, ask the rules, save, say, in one transaction.
struct Relay: Sendable {
    let database: Database
    let host: ServiceHost

    /// What a call led to: the mailbox after it, the side of the caller, whether it was a repeat.
    struct Answer: Sendable {
        var mailbox: Mailbox
        var side: Mailbox.Side
        var isRepeat = false
    }

    /// Makes a mailbox; the same claim and request id find the one they made before.
    func create(_ creation: MailboxCreation, claim: DeviceClaim, request: RequestID)
        async throws -> Answer
    {
        let key = claim.creation(by: request)
        let id = MailboxID(random: host.random)
        let mailbox = Mailbox(
            id: id, payload: creation.payload, display: creation.display, rights: creation.rights,
            expiresAt: creation.expiresAt,
            initiator: Party(
                claim: claim.mark(at: id), lastRequest: claim.mark(at: id, request: request),
                token: creation.token))
        do {
            return try await keep(mailbox, creation: key)
        } catch let error as PostgresError where error.isUniqueViolation {
            // The same request came twice at once; the other one won.
            return try await keep(mailbox, creation: key)
        }
    }

    private func keep(_ mailbox: Mailbox, creation key: [UInt8]) async throws -> Answer {
        try await database.transaction { transaction in
            let store = MailboxStore(transaction)
            if let known = try await store.find(creation: key, at: host.clock.now) {
                return Answer(mailbox: known, side: .initiator, isRepeat: true)
            }
            try await store.insert(mailbox, creation: key, at: host.clock.now)
            return Answer(mailbox: mailbox, side: .initiator)
        }
    }

    /// Whether `claim` and `request` made a mailbox that still lives; asked before rate limits.
    func isKnown(claim: DeviceClaim, request: RequestID) async throws -> Bool {
        let key = claim.creation(by: request)
        return try await database.transaction { transaction in
            try await MailboxStore(transaction).find(creation: key, at: host.clock.now) != nil
        }
    }

    func update(_ request: MailboxRequest, payload: Payload, token: NotificationToken?)
        async throws -> Answer
    {
        try await perform(request) { mailbox, call in
            mailbox.update(payload, token: token, by: call)
        }
    }

    func read(_ request: MailboxRequest, token: NotificationToken?) async throws -> Answer {
        try await perform(request) { mailbox, call in mailbox.read(token: token, by: call) }
    }

    func delete(_ request: MailboxRequest) async throws -> Answer {
        try await perform(request) { mailbox, call in mailbox.delete(by: call) }
    }

    func relinquish(_ request: MailboxRequest) async throws -> Answer {
        try await perform(request) { mailbox, call in mailbox.relinquish(by: call) }
    }

    /// What anybody with the link may see; binds nobody.
    func preview(_ id: MailboxID?) async throws -> DisplayInformation {
        let id = id ?? MailboxID(random: host.random)
        return try await database.transaction { transaction in
            let found = try await MailboxStore(transaction).find(id, at: host.clock.now)
            guard let found else { throw RelayError.unknown }
            return found.display
        }
    }

    private func perform(
        _ request: MailboxRequest, rule: (Mailbox, Call) -> Verdict
    ) async throws -> Answer {
        let id = request.mailbox ?? MailboxID(random: host.random)
        let claim = request.claim?.mark(at: id)
        let call = Call(
            claim: claim,
            request: request.request.flatMap { request.claim?.mark(at: id, request: $0) },
            ifMatch: request.ifMatch, now: host.clock.now)
        let (before, verdict) = try await database.transaction { transaction in
            let store = MailboxStore(transaction)
            guard let mailbox = try await store.find(id, at: call.now) else {
                throw RelayError.unknown
            }
            let verdict = rule(mailbox, call)
            try await keep(verdict, of: mailbox, store)
            return (mailbox, verdict)
        }
        let side = claim.flatMap(before.side) ?? .recipient
        switch verdict {
        case .done(let mailbox, _):
            if mailbox.version > before.version, !before.isRead { count("overwritten") }
            return Answer(mailbox: mailbox, side: side)
        case .deleted: return Answer(mailbox: before, side: side)
        case .repeated(let mailbox, let side):
            return Answer(mailbox: mailbox, side: side, isRepeat: true)
        case .refused(let error, let kept):
            if kept?.lockedUntil != nil { count("locked") }
            throw error
        }
    }

    private func keep(_ verdict: Verdict, of before: Mailbox, _ store: MailboxStore) async throws {
        switch verdict {
        case .done(let mailbox, let token):
            if mailbox != before { try await store.save(mailbox) }
            if mailbox.version != before.version { try await store.wake(mailbox.id) }
            try await touch(before.id, token, store.transaction)
        case .deleted(let token):
            try await store.delete(before.id)
            try await store.wake(before.id)
            try await touch(before.id, token, store.transaction)
        case .refused(_, let mailbox):
            if let mailbox { try await store.save(mailbox) }
        case .repeated: break
        }
    }

    private func count(_ what: String) {
        Counter(label: "latchkey_relay_\(what)", factory: host.metrics).increment()
    }
}
