// SPDX-License-Identifier: Apache-2.0

import Contracts
import Messaging
import Postgres

extension Relay {
    /// Says that the device behind `token` should look again; nothing when it cannot be pushed.
    func touch(_ id: MailboxID, _ token: NotificationToken?, _ transaction: Transaction)
        async throws
    {
        guard let token, token.isSupported else { return }
        try await Outbox(transaction).add(
            MailboxTouched(
                mailboxId: id.description, tokenType: token.type, tokenData: token.tokenData))
    }
}
