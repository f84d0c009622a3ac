// SPDX-License-Identifier: Apache-2.0

/// A mailbox changed; content-free, so that a push can say "look again" (SERVER 2.2).
public struct MailboxTouched: Event {
    public static let type = "org.latchkey.relay.MailboxTouched.v1"
    public static let topic = Topic.relayEvents
    public var key: String { mailboxId }

    public var mailboxId: String
    /// Type of the notification token of the side to wake, as that side gave it.
    public var tokenType: String
    /// Opaque to us.
    public var tokenData: String

    public init(mailboxId: String, tokenType: String, tokenData: String) {
        self.mailboxId = mailboxId
        self.tokenType = tokenType
        self.tokenData = tokenData
    }
}

/// A notification reached its recipient.
public struct NotificationDelivered: Event {
    public static let type = "org.latchkey.notification.NotificationDelivered.v1"
    public static let topic = Topic.notificationReceipts
    public var key: String { recipient }

    public var notificationId: String
    public var recipient: String

    public init(notificationId: String, recipient: String) {
        self.notificationId = notificationId
        self.recipient = recipient
    }
}
