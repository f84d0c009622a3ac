// SPDX-License-Identifier: Apache-2.0

import Identifiers

/// One of the two devices at a mailbox, as far as we know it.
struct Party: Equatable, Sendable {
    /// Hash of its claim.
    let claim: [UInt8]
    /// Hash of its last request that changed the mailbox, the creation included.
    var lastRequest: [UInt8]?
    var token: NotificationToken?
}

/// A store-and-forward slot with one payload, between an initiator and at most one recipient.
struct Mailbox: Equatable, Sendable {
    let id: MailboxID
    var payload: Payload
    let display: DisplayInformation
    let rights: AccessRights
    let expiresAt: Instant
    /// Grows with every payload; its text is the ETag.
    var version: Int64 = 1
    /// Who wrote this version.
    var writer = Side.initiator
    /// Whether the other side has read it.
    var isRead = false
    var initiator: Party
    /// Bound by the first read with another claim.
    var recipient: Party?
    /// Hash of the request by which a recipient gave its place away, for its repeat.
    var relinquished: [UInt8]?
    var wrongClaims = 0
    var lockedUntil: Instant?

    /// Who calls, as the mailbox sees it.
    enum Side: String { case initiator, recipient }

    var entityTag: String { "\"\(version)\"" }

    func side(of claim: [UInt8]) -> Side? {
        if constantTimeEqual(claim, initiator.claim) { return .initiator }
        if let recipient, constantTimeEqual(claim, recipient.claim) { return .recipient }
        return nil
    }

    subscript(side: Side) -> Party? {
        get { side == .initiator ? initiator : recipient }
        set {
            switch side {
            case .initiator: if let newValue { initiator = newValue }
            case .recipient: recipient = newValue
            }
        }
    }

    /// The token of the side that `side` writes to.
    func token(facing side: Side) -> NotificationToken? {
        side == .initiator ? recipient?.token : initiator.token
    }

    /// Which push answers `isPushNotificationSupported` for `side`.
    func isPushSupported(for side: Side) -> Bool { self[side]?.token?.isSupported ?? false }
}
