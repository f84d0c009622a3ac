// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import Postgres

/// The table of mailboxes inside one transaction.
struct MailboxStore {
    /// The channel on which writers wake long polls; payload: the mailbox id.
    static let channel = "identity_relay_mailboxes"

    let transaction: Transaction

    init(_ transaction: Transaction) { self.transaction = transaction }

    /// The mailbox `id`, locked until the transaction ends; none when it is gone or expired.
    func find(_ id: MailboxID, at now: Instant) async throws -> Mailbox? {
        try await transaction.query(
            "SELECT * FROM mailboxes WHERE id = \(id.uuid) AND expires_at > \(time(now)) FOR UPDATE"
        ).first.map(mailbox)
    }

    /// The mailbox that the same creation made before.
    func find(creation: [UInt8], at now: Instant) async throws -> Mailbox? {
        try await transaction.query(
            """
            SELECT * FROM mailboxes WHERE creation = \(creation) AND expires_at > \(time(now))
            """
        ).first.map(mailbox)
    }

    /// Keeps a mailbox; one of the same creation that has ended by `now` makes room.
    func insert(_ mailbox: Mailbox, creation: [UInt8], at now: Instant) async throws {
        try await transaction.execute(
            "DELETE FROM mailboxes WHERE creation = \(creation) AND expires_at <= \(time(now))")
        let (payload, display) = (mailbox.payload, mailbox.display)
        try await transaction.execute(
            """
            INSERT INTO mailboxes (id, creation, payload_type, payload_data, title, description,
                image_url, rights, expires_at, version, writer, is_read, initiator_claim,
                initiator_request, initiator_token_type, initiator_token_data, wrong_claims)
            VALUES (\(mailbox.id.uuid), \(creation), \(payload.type), \(payload.data),
                \(display.title), \(display.description), \(display.imageURL),
                \(mailbox.rights.letters), \(time(mailbox.expiresAt)), \(mailbox.version),
                \(mailbox.writer.rawValue), \(mailbox.isRead), \(mailbox.initiator.claim),
                \(mailbox.initiator.lastRequest), \(mailbox.initiator.token?.type),
                \(mailbox.initiator.token?.tokenData), 0)
            """)
    }

    func save(_ mailbox: Mailbox) async throws {
        let (initiator, recipient) = (mailbox.initiator, mailbox.recipient)
        try await transaction.execute(
            """
            UPDATE mailboxes SET payload_type = \(mailbox.payload.type),
                payload_data = \(mailbox.payload.data), version = \(mailbox.version),
                writer = \(mailbox.writer.rawValue), is_read = \(mailbox.isRead),
                initiator_request = \(initiator.lastRequest),
                initiator_token_type = \(initiator.token?.type),
                initiator_token_data = \(initiator.token?.tokenData),
                recipient_claim = \(recipient?.claim), recipient_request = \(recipient?.lastRequest),
                recipient_token_type = \(recipient?.token?.type),
                recipient_token_data = \(recipient?.token?.tokenData),
                relinquished = \(mailbox.relinquished), wrong_claims = \(mailbox.wrongClaims),
                locked_until = \(mailbox.lockedUntil.map(time))
            WHERE id = \(mailbox.id.uuid)
            """)
    }

    func delete(_ id: MailboxID) async throws {
        try await transaction.execute("DELETE FROM mailboxes WHERE id = \(id.uuid)")
    }

    /// Removes what has ended; returns how many.
    func deleteExpired(at now: Instant) async throws -> Int {
        try await transaction.execute("DELETE FROM mailboxes WHERE expires_at <= \(time(now))")
    }

    func count() async throws -> Int {
        try await transaction.query("SELECT count(*) AS count FROM mailboxes").first?
            .value("count") ?? 0
    }

    /// Wakes the long polls on `id`, at every instance, once the transaction is committed.
    func wake(_ id: MailboxID) async throws {
        _ = try await transaction.query(
            "SELECT pg_notify(\(Self.channel), \(id.description))::text AS done")
    }

    private func time(_ instant: Instant) -> PostgresValue {
        .milliseconds(instant.secondsSinceEpoch * 1000)
    }

    private func mailbox(_ row: Row) throws -> Mailbox {
        let expires: Milliseconds = try row.value("expires_at")
        let locked: Milliseconds? = try row.value("locked_until")
        let payload = Payload(
            type: try row.value("payload_type"), data: try row.value("payload_data"))
        let display = DisplayInformation(
            title: try row.value("title"), description: try row.value("description"),
            imageURL: try row.value("image_url"))
        guard let initiator = try party(row, "initiator") else { throw RelayError.unknown }
        return Mailbox(
            id: MailboxID(uuid: try row.value("id")), payload: payload, display: display,
            rights: AccessRights(known: try row.value("rights")),
            expiresAt: Instant(secondsSinceEpoch: expires.value / 1000),
            version: try row.value("version"),
            writer: Mailbox.Side(rawValue: try row.value("writer")) ?? .initiator,
            isRead: try row.value("is_read"),
            initiator: initiator, recipient: try party(row, "recipient"),
            relinquished: try row.value("relinquished"),
            wrongClaims: try row.value("wrong_claims"),
            lockedUntil: locked.map { Instant(secondsSinceEpoch: $0.value / 1000) })
    }

    private func party(_ row: Row, _ side: String) throws -> Party? {
        guard let claim: [UInt8] = try row.value("\(side)_claim") else { return nil }
        let type: String? = try row.value("\(side)_token_type")
        let data: String? = try row.value("\(side)_token_data")
        var token: NotificationToken?
        if let type, let data { token = NotificationToken(type: type, tokenData: data) }
        return Party(claim: claim, lastRequest: try row.value("\(side)_request"), token: token)
    }
}
