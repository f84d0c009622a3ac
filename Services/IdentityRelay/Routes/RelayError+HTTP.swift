// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import ServiceKit

extension RelayError: ProblemConvertible {
    /// The only place where refusals become HTTP (SERVER 2.4, 2.6).
    var problem: Problem {
        switch self {
        case .unknown: Problem(.notFound, "MAILBOX_UNKNOWN", "no such mailbox")
        case .claim:
            Problem(.unauthorized, "CLAIM", "the device claim is not one of this mailbox")
        case .right: Problem(.unauthorized, "RIGHT", "the creator did not give this right")
        case .notRecipient:
            Problem(.unauthorized, "NOT_RECIPIENT", "only the recipient can relinquish")
        case .header(let name):
            Problem(.badRequest, "HEADER", "the header \(name) must be a UUID")
        case .field(let name, let reason):
            Problem(
                .badRequest, "MALFORMED", "the field \(name) is wrong: \(reason)",
                fields: [Problem.Field(field: name, reason: reason)])
        case .payloadTooLarge:
            Problem(
                .contentTooLarge, "TOO_LARGE",
                "payload.data may have \(RelayLimits.payload) characters at most")
        case .locked(let seconds):
            Problem(
                .tooManyRequests, "LOCKED", "too many wrong claims; the mailbox is locked",
                headers: [.retryAfter: "\(seconds)"])
        case .tooMany(let seconds):
            Problem(
                .tooManyRequests, "RATE_LIMIT", "too many mailboxes from this address",
                headers: [.retryAfter: "\(seconds)"])
        case .changed:
            Problem(.preconditionFailed, "CHANGED", "the mailbox changed since that version")
        }
    }
}
