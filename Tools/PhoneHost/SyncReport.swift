// SPDX-License-Identifier: Apache-2.0

internal import VirtualPhone

/// What a phone did while it was online.
public struct SyncReport: Sendable {
    /// One line per thing done.
    public internal(set) var done: [String] = []
    /// One line per thing that still waits for somebody else.
    public internal(set) var waiting: [String] = []
    /// One line (perhaps with a hint) per thing that failed.
    public internal(set) var failed: [String] = []

    mutating func fail(_ what: String, _ error: any Error) {
        failed.append("\(what): \(Sentence.of(error))")
    }
}
