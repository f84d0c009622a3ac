// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Prints times and the figures of docs/performance.md; the exit code is 1 when a goal is missed.
///
/// The argument is the number of rounds, 1000 unless told.
@main
struct Benchmarks {
    static func main() async throws {
        let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1000
        let scene = try Scene()
        let computing = try Computing(scene, rounds: max(rounds, 10))
        let secrecy = try Secrecy(rounds: max(4 * rounds, 100))
        let stream = try StreamTaps(scene, rounds: max(rounds, 10))
        let (taps, told, arrival) = try await atReaders(scene, rounds: max(rounds / 4, 10))
        print(Samples.heading)
        for line in computing.lines { print(line) }
        print(taps.fast.line("fast tap over pcscd"))
        print(taps.fastEcho.line("  echo of the same APDUs"))
        print(taps.standard.line("standard tap over pcscd"))
        print(taps.standardEcho.line("  echo of the same APDUs"))
        print(taps.pairing.line("owner pairing over pcscd"))
        print(taps.scrypt.line("  the phone's scrypt (N 4096, r 8, p 1)"))
        print(told.fast.line("fast tap, event-driven reader"))
        print(told.fastEcho.line("  echo of the same APDUs"))
        print(told.standard.line("standard tap, event-driven reader"))
        print(told.standardEcho.line("  echo of the same APDUs"))
        print(arrival.notice.line("insertion to notice, event-driven reader"))
        print(arrival.decision.line("insertion to decision, event-driven reader"))
        for line in stream.lines { print(line) }
        print("")
        let figures =
            computing.figures + secrecy.figures + taps.figures + told.eventDrivenFigures
            + arrival.figures + stream.figures
        for figure in figures { print(figure.line) }
        if figures.contains(where: { !$0.isMet }) { exit(1) }
    }

    /// The private pcscd ends with the measurement, also when a goal was missed.
    private static func atReaders(
        _ scene: Scene, rounds: Int
    ) async throws -> (polled: ReaderTaps, told: ReaderTaps, ReaderArrival) {
        let readers = try await PrivateReaders()
        return (
            try await ReaderTaps(scene, on: readers.polled, rounds: rounds),
            try await ReaderTaps(scene, on: readers.eventDriven, rounds: rounds),
            try await ReaderArrival(scene, on: readers.eventDriven, rounds: rounds)
        )
    }
}
