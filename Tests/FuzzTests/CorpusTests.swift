// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import TestKit
import Testing

/// The short run of `make fuzz`: no coverage guides it, but it needs no build of its own.
///
/// `LATCHKEY_SEED` repeats a run, `LATCHKEY_INPUTS` lengthens it, `LATCHKEY_LAST` names a file that
/// holds the input under way, for those that end the process.
@Suite struct CorpusTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["LATCHKEY_SEED"].flatMap(UInt64.init) ?? 1
    private static let inputs = environment["LATCHKEY_INPUTS"].flatMap(Int.init)

    @Test(arguments: FuzzTarget.all)
    func `what was found before does no harm`(_ target: FuzzTarget) throws {
        let corpus = try Corpus.inputs(of: target)
        #expect(!corpus.isEmpty, "no corpus for \(target)")
        for input in try Corpus.crashes(of: target) + corpus { try feed(input, to: target) }
    }

    @Test(arguments: FuzzTarget.all)
    func `neighbours of the corpus do no harm`(_ target: FuzzTarget) throws {
        let corpus = try Corpus.inputs(of: target)
        let isSession = FuzzTarget.sessions.contains { $0.name == target.name }
        let count = Self.inputs ?? (isSession ? 40 : 400)
        // One seed for all, and other numbers for each.
        let own = target.name.utf8.reduce(Self.seed) { $0 &* 31 &+ UInt64($1) }
        var numbers = SeededNumbers(seed: own)
        for _ in 0..<count {
            guard let input = corpus.randomElement(using: &numbers),
                let other = corpus.randomElement(using: &numbers)
            else { return }
            try feed(input.mutated(with: other, &numbers), to: target)
        }
    }

    private func feed(_ input: [UInt8], to target: FuzzTarget) throws {
        if let path = Self.environment["LATCHKEY_LAST"] {
            try Data(input).write(to: URL(fileURLWithPath: path))
        }
        do {
            try target.run(input)
        } catch {
            Issue.record("\(target), seed \(Self.seed), input \(input.hex): \(error)")
        }
    }
}
