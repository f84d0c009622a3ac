// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import ServiceKit

extension HTTPField.Name {
    static let mailboxRequestId = mailbox("Mailbox-Request-ID")
    static let mailboxDeviceClaim = mailbox("Mailbox-Device-Claim")

    private static func mailbox(_ name: String) -> Self {
        // Both names are tokens, so the fallback is never taken.
        HTTPField.Name(name) ?? .server
    }
}

extension Request {
    /// The request id; none when the header is missing, 400 when it is no UUID.
    func mailboxRequestId() throws(RelayError) -> RequestID? {
        guard let text = headers[.mailboxRequestId] else { return nil }
        guard let id = RequestID(text) else { throw .header("Mailbox-Request-ID") }
        return id
    }

    /// The request id in the client's own spelling, for every answer; none unless it is a UUID.
    var mailboxEcho: HTTPFields {
        guard let text = headers[.mailboxRequestId], RequestID(text) != nil else { return [:] }
        return [.mailboxRequestId: text]
    }

    func requiredMailboxRequestId() throws(RelayError) -> RequestID {
        guard let id = try mailboxRequestId() else { throw .header("Mailbox-Request-ID") }
        return id
    }

    /// The claim; none when the header is missing or no UUID.
    var deviceClaim: DeviceClaim? { headers[.mailboxDeviceClaim].flatMap { DeviceClaim($0) } }

    func requiredDeviceClaim() throws(RelayError) -> DeviceClaim {
        guard let claim = deviceClaim else { throw .header("Mailbox-Device-Claim") }
        return claim
    }
}
