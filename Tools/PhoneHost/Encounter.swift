// SPDX-License-Identifier: Apache-2.0

/// How a phone's meeting with a car went, a tap or an approach, for whoever tells people.
public protocol Encounter: Sendable {
    /// Whether the car did what the phone came for.
    var isSuccess: Bool { get }
    /// What happened, without the phone's name.
    var text: String { get }
    /// What to do next, when it failed.
    var hint: String? { get }
    /// What cars left for this phone, a line each.
    var messages: [String] { get }
    /// Where the trace is, when there is one.
    var trace: String? { get }
    /// Why the trace could not be written; the meeting is what it was.
    var traceFailure: String? { get }
}
