// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Tells the story on the terminal, one line per event, and keeps the rows of the summary.
final class Narrator: Sendable {
    private struct Row {
        var step: String
        var what: String
        var how: String
    }

    private struct State {
        var step = 0
        var rows: [Row] = []
    }

    private let state = Mutex(State())
    private let pausing: Bool
    private let started = ContinuousClock.now

    init(pausing: Bool) { self.pausing = pausing }

    /// A chapter begins.
    func step(_ title: String) {
        let number = state.withLock {
            $0.step += 1
            return $0.step
        }
        if pausing, number > 1 {
            print("   (Enter goes on)", terminator: "")
            fflush(nil)
            _ = readLine()
        }
        print("\n\(number). \(title)")
    }

    /// Something on the way.
    func note(_ text: String) {
        print("   · \(text)")
        fflush(nil)
    }

    /// Something that came out as it should; `how` may carry a timing.
    func good(_ text: String, _ how: String = "") {
        print("   ✓ \(text)\(how.isEmpty ? "" : "  (\(how))")")
        state.withLock { $0.rows.append(Row(step: "\($0.step)", what: text, how: how)) }
    }

    /// The table at the end.
    func summary() {
        let rows = state.withLock { $0.rows }
        let width = rows.map(\.what.count).max() ?? 0
        print("\nSummary, after \(Int(Double(milliseconds: .now - started) / 1000)) s:")
        for row in rows {
            print("  \(row.step.padded(to: 4))\(row.what.padded(to: width + 2))\(row.how)")
        }
    }
}

extension Double {
    /// Milliseconds of a duration.
    init(milliseconds duration: Duration) {
        let parts = duration.components
        self = Double(parts.seconds) * 1000 + Double(parts.attoseconds) / 1e15
    }
}

/// A step came out otherwise than expected.
struct Unexpected: Error, CustomStringConvertible {
    let description: String

    init(_ text: String) { description = text }
}
