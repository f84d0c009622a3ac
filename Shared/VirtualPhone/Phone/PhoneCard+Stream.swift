// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyProtocol

extension PhoneCard {
    /// Answers one frame of the stream transport (PROTOCOL 18); none when it wants no answer.
    ///
    /// APDUs for the framework get 6A82: owner pairing is contactless. Save `snapshot` before the
    /// answer leaves, as for `respond(to:at:)`.
    public mutating func receive(_ frame: StreamFrame, at now: Instant) -> StreamFrame? {
        guard interface == .wired else { return nil }
        switch (frame.type, frame.id) {
        case (.secureElement, StreamFrame.ID.command):
            return .response(respond(to: frame.data, at: now))
        case (.framework, StreamFrame.ID.command):
            return StreamFrame(
                .framework, StreamFrame.ID.response,
                ResponseAPDU(status: .notFound).encoded)
        case (.ranging, _):
            timePassed(until: now)
            return ranging.respond(to: frame, &element, appletContext)
        default: return nil
        }
    }
}
