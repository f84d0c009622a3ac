// SPDX-License-Identifier: Apache-2.0

/// Why the relay refuses.
enum RelayError: Error, Equatable, Sendable {
    /// No such mailbox, or none any more; also for ids that are no ids.
    case unknown
    /// The claim is not one of the two devices of this mailbox, or is missing.
    case claim
    /// The creator did not give the recipient this right.
    case right
    /// Only the recipient can give its place away.
    case notRecipient
    /// A header is missing or not as it should be; its name.
    case header(String)
    /// A member of the body is not as it should be.
    case field(String, String)
    /// The payload is larger than `RelayLimits.payload`.
    case payloadTooLarge
    /// Too many wrong claims; seconds until the mailbox answers again.
    case locked(Int64)
    /// Too many mailboxes from one address; seconds until the next may be made.
    case tooMany(Int64)
    /// The mailbox changed since the version in `If-Match`.
    case changed
}
