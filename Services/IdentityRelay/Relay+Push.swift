// SPDX-License-Identifier: Apache-2.0

import Contracts
import Postgres

extension Relay {
    /// Says that the device behind `token` should look again; nothing when it cannot be pushed.
    func touch(_ id: MailboxID, _ token: NotificationToken?, _ transaction: Transaction)
        async throws
    {
        guard let token, token.isSupported else { return }
        _ = MailboxTouched(
            mailboxId: id.description, tokenType: token.type, tokenData: token.tokenData)
    }
}
