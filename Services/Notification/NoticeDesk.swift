// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Messaging
import Postgres

/// The use cases: a fact about a key becomes notices in the transaction that notes the fact.
struct NoticeDesk: Sendable {
    /// A key was registered.
    func tell(_ tracked: KeyTracked, _ context: EventContext, in transaction: Transaction)
        async throws
    {
        let directory = DirectoryStore(transaction)
        try await directory.save(tracked.tracked)
        let owner = try await directory.owner(of: tracked.tracked)
        try await add(
            NoticePolicy.tracked(tracked.tracked, owner: owner), about: tracked.tracked, context,
            in: transaction)
    }

    /// A key changed.
    func tell(_ change: KeyStateChanged, _ context: EventContext, in transaction: Transaction)
        async throws
    {
        let directory = DirectoryStore(transaction)
        try await directory.save(change.tracked)
        guard change.tracked.state != change.from else { return }
        let owner = try await directory.owner(of: change.tracked)
        try await add(
            NoticePolicy.changed(change.tracked, from: change.from, owner: owner),
            about: change.tracked, context, in: transaction)
    }

    /// A device OEM took the call; a second answer to the same notice says nothing new.
    func delivered(_ id: String, in transaction: Transaction) async throws {
        guard let recipient = try await NoticeStore(transaction).delivered(id) else { return }
        try await Outbox(transaction).add(
            NotificationDelivered(notificationId: id, recipient: recipient))
    }

    private func add(
        _ told: [NoticePolicy.Told], about key: TrackedKeyState, _ context: EventContext,
        in transaction: Transaction
    ) async throws {
        for (index, one) in told.enumerated() {
            let data = PartnerAPI.EventData(
                reason: key.state.rawValue, keyValidFrom: key.notBefore.description,
                keyValidTo: key.notAfter?.description, sharedKeyID: one.sharedKey)
            try await NoticeStore(transaction).insert(
                Notice(
                    id: "\(context.id)-\(index)", recipient: one.recipient,
                    deviceOemId: one.deviceOemId, eventType: one.eventType, eventData: data,
                    at: Instant(rfc3339: context.time) ?? key.notBefore))
        }
    }
}
