// SPDX-License-Identifier: Apache-2.0

/// How much and how long one request may take.
public struct HTTPLimits: Sendable {
    /// Largest body in bytes; larger ones are answered 413.
    public var body: Int
    /// Longest time for the body to arrive, and again for the handler to answer.
    public var deadline: Duration

    /// Limits; 256 KiB and 10 seconds suit all our calls.
    public init(body: Int = 256 << 10, deadline: Duration = .seconds(10)) {
        self.body = body
        self.deadline = deadline
    }
}
