// SPDX-License-Identifier: Apache-2.0

import Identifiers

/// CreateMailbox.
struct CreateBody: Decodable {
    struct Configuration: Decodable {
        var accessRights: String?
        var expiration: String
    }

    var payload: Payload
    var displayInformation: DisplayInformation
    var notificationToken: NotificationToken?
    var mailboxConfiguration: Configuration?

    func creation(at now: Instant) throws(RelayError) -> MailboxCreation {
        try payload.check()
        try displayInformation.check()
        try notificationToken?.check()
        let rights = try mailboxConfiguration?.accessRights.map(AccessRights.init(_:))
        return MailboxCreation(
            payload: payload, display: displayInformation, rights: rights ?? .standard,
            token: notificationToken, expiresAt: try end(at: now))
    }

    private func end(at now: Instant) throws(RelayError) -> Instant {
        let field = "mailboxConfiguration.expiration"
        guard let text = mailboxConfiguration?.expiration else {
            return now.adding(seconds: RelayLimits.defaultLife)
        }
        // The draft has no fractions of seconds.
        guard text.utf8.count == 20, let end = Instant(rfc3339: text) else {
            throw .field(field, "expected YYYY-MM-DDThh:mm:ssZ")
        }
        guard end > now else { throw .field(field, "is in the past") }
        guard end <= now.adding(seconds: RelayLimits.maximumLife) else {
            throw .field(field, "is more than 7 days ahead")
        }
        return end
    }
}

/// UpdateMailbox.
struct UpdateBody: Decodable {
    var payload: Payload
    var notificationToken: NotificationToken?

    func check() throws(RelayError) {
        try payload.check()
        try notificationToken?.check()
    }
}

/// ReadSecureContent takes an optional body: the recipient's token.
struct ReadBody: Decodable {
    var notificationToken: NotificationToken?
}

/// Answer to CreateMailbox.
struct CreateAnswer: Encodable {
    var urlLink: String
    var isPushNotificationSupported: Bool
}

/// Answer to UpdateMailbox.
struct UpdateAnswer: Encodable {
    var isPushNotificationSupported: Bool
}

/// Answer to ReadSecureContent.
struct ReadAnswer: Encodable {
    var payload: Payload
    var displayInformation: DisplayInformation
    var expiration: String

    init(_ mailbox: Mailbox) {
        payload = mailbox.payload
        displayInformation = mailbox.display
        expiration = mailbox.expiresAt.description
    }
}
