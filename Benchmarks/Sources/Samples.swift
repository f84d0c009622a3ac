// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Times of many rounds of one thing, in microseconds.
struct Samples {
    private var values: [Double] = []

    mutating func add(_ time: Duration) { values.append(time / .microseconds(1)) }

    var count: Int { values.count }
    var minimum: Double { at(0) }
    var median: Double { at(0.5) }
    var p99: Double { at(0.99) }

    private func at(_ share: Double) -> Double {
        let sorted = values.sorted()
        let index = Int((share * Double(sorted.count - 1)).rounded())
        return sorted.indices.contains(index) ? sorted[index] : .nan
    }

    /// One line of the table of times.
    func line(_ name: String) -> String {
        let numbers = [minimum, median, p99].map { String(format: "%12.1f", $0) }
        return name.padding(toLength: 46, withPad: " ", startingAt: 0) + numbers.joined()
            + String(format: "%9d", count)
    }

    static let heading =
        "µs".padding(toLength: 46, withPad: " ", startingAt: 0)
        + "     minimum      median         p99   rounds"
}

/// One figure with its goal, "at most".
struct Figure {
    let name: String
    let measured: Double
    let goal: Double
    let unit: String

    var isMet: Bool { measured <= goal }

    var line: String {
        name.padding(toLength: 58, withPad: " ", startingAt: 0)
            + String(format: "%9.3f %@   goal %.3g   ", measured, unit, goal)
            + (isMet ? "met" : "MISSED")
    }
}

/// Why a measurement means nothing.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
