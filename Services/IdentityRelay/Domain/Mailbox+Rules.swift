// SPDX-License-Identifier: Apache-2.0

import Identifiers

/// What one call does to a mailbox: what is kept, whom to wake, what the caller gets.
enum Verdict: Equatable, Sendable {
    /// Keep `mailbox`; wake the device behind `wake`.
    case done(Mailbox, wake: NotificationToken?)
    /// The mailbox ends; wake the device behind `wake`.
    case deleted(wake: NotificationToken?)
    /// The same request as last time: nothing changes, answer 201.
    case repeated(Mailbox, Mailbox.Side)
    /// Refuse; keep `mailbox` when there is one, because it counts wrong claims.
    case refused(RelayError, Mailbox?)
}

/// One call as the rules see it.
struct Call: Sendable {
    /// Hash of the caller's claim at this mailbox; none when the header was missing or wrong.
    let claim: [UInt8]?
    /// Hash of claim and request id.
    let request: [UInt8]?
    /// Values of `If-Match`.
    let ifMatch: [String]
    let now: Instant
}

extension Mailbox {
    /// UpdateMailbox: writes a payload for the other side.
    func update(_ payload: Payload, token: NotificationToken?, by call: Call) -> Verdict {
        changed(by: call) { side in
            guard side == .initiator || rights.allows("W") else { return .refused(.right, nil) }
            guard matches(call.ifMatch) else { return .refused(.changed, nil) }
            var mailbox = self
            mailbox.payload = payload
            mailbox.version += 1
            (mailbox.writer, mailbox.isRead) = (side, false)
            mailbox[side]?.lastRequest = call.request
            if let token { mailbox[side]?.token = token }
            return .done(mailbox, wake: self.token(facing: side))
        }
    }

    /// ReadSecureContent: the first reader with a claim of its own becomes the recipient.
    func read(token: NotificationToken?, by call: Call) -> Verdict {
        if recipient == nil, let claim = call.claim, side(of: claim) == nil, !isLocked(at: call.now)
        {
            guard rights.allows("R") else { return .refused(.right, nil) }
            var mailbox = self
            mailbox.recipient = Party(claim: claim, lastRequest: nil, token: token)
            mailbox.noteRead(by: .recipient)
            return .done(mailbox, wake: nil)
        }
        return admitted(call) { side in
            guard side == .initiator || rights.allows("R") else { return .refused(.right, nil) }
            var mailbox = self
            mailbox.noteRead(by: side)
            if let token { mailbox[side]?.token = token }
            return .done(mailbox, wake: nil)
        }
    }

    /// DeleteMailbox.
    func delete(by call: Call) -> Verdict {
        changed(by: call) { side in
            guard side == .initiator || rights.allows("D") else { return .refused(.right, nil) }
            guard matches(call.ifMatch) else { return .refused(.changed, nil) }
            return .deleted(wake: token(facing: side))
        }
    }

    /// RelinquishMailbox: the recipient makes room for another.
    func relinquish(by call: Call) -> Verdict {
        if let relinquished, let request = call.request, constantTimeEqual(relinquished, request) {
            return .repeated(self, .recipient)
        }
        return changed(by: call) { side in
            guard side == .recipient else { return .refused(.notRecipient, nil) }
            var mailbox = self
            mailbox.recipient = nil
            mailbox.relinquished = call.request
            return .done(mailbox, wake: nil)
        }
    }

    /// Runs `rule` unless the last request of this device that changed something comes again. A read
    /// does no harm when it is made twice, so it is not remembered.
    private func changed(by call: Call, _ rule: (Side) -> Verdict) -> Verdict {
        admitted(call) { side in
            isRepeat(call, by: side) ? .repeated(self, side) : rule(side)
        }
    }

    /// Runs `rule` for one of the two devices; counts anybody else.
    private func admitted(_ call: Call, _ rule: (Side) -> Verdict) -> Verdict {
        if let until = lockedUntil, isLocked(at: call.now) {
            let left = until.secondsSinceEpoch - call.now.secondsSinceEpoch
            return .refused(.locked(left), nil)
        }
        guard let claim = call.claim else { return .refused(.claim, nil) }
        if let side = side(of: claim) { return rule(side) }
        var mailbox = self
        mailbox.wrongClaims += 1
        mailbox.lockedUntil = nil
        if mailbox.wrongClaims >= RelayLimits.wrongClaims {
            mailbox.wrongClaims = 0
            mailbox.lockedUntil = call.now.adding(seconds: RelayLimits.lock)
        }
        return .refused(.claim, mailbox)
    }

    private func isLocked(at now: Instant) -> Bool { lockedUntil.map { now < $0 } ?? false }

    private func isRepeat(_ call: Call, by side: Side) -> Bool {
        guard let last = self[side]?.lastRequest, let request = call.request else { return false }
        return constantTimeEqual(last, request)
    }

    /// A payload is for the other side: its writer may look as often as it likes.
    private mutating func noteRead(by side: Side) {
        if side != writer { isRead = true }
    }

    private func matches(_ tags: [String]) -> Bool {
        tags.isEmpty || tags.contains("*") || tags.contains(entityTag)
    }
}
