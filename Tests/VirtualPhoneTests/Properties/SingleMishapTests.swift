// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import Testing

@testable import VirtualPhone

/// Each message of each flow is lost, doubled, delayed, cut at every byte and flipped, and either
/// side loses its power around every message.
@Suite struct SingleMishapTests {
    @Test(arguments: Flow.names)
    func `one mishap breaks nothing that the next tap does not heal`(_ name: String) throws {
        let flow = try Flow.named(name)
        var prefix = try flow.conversation()
        var index = 0
        var ends = try Ends(flow)
        var writes: [KeyID: Int] = [:]
        while !prefix.isOver {
            for mishap in mishaps(of: prefix, at: index, flow) {
                var tap = prefix
                tap.advance(mishap)
                try ends.check(tap, "message \(index): \(mishap)")
            }
            if let (tap, answer) = prefix.answered() {
                for place in 0..<answer.count {
                    for (heard, mishap) in [
                        (Array(answer.prefix(place)), "answer cut at \(place)"),
                        (answer.flipping(8 * place + place % 8), "byte \(place) flipped"),
                    ] {
                        var tap = tap
                        tap.hear(heard)
                        try ends.check(tap, "message \(index): \(mishap)")
                    }
                }
            }
            let before = prefix.phone.snapshot.secureElement.endpoints
            prefix.advance()
            for endpoint in prefix.phone.snapshot.secureElement.endpoints {
                guard let old = before.first(where: { $0.keyId == endpoint.keyId }),
                    old.mailboxes != endpoint.mailboxes
                else { continue }
                writes[endpoint.keyId, default: 0] += 1
            }
            index += 1
        }
        // Whoever loses power between two messages has the mailbox of before the tap or of after it.
        #expect(writes.values.allSatisfy { $0 == 1 }, "a mailbox changes by halves")
        #expect(prefix.outcome?.isSuccess == true)
        #expect(ends.count > 100)
    }

    private func mishaps(of tap: Conversation, at index: Int, _ flow: Flow) -> [Mishap] {
        var all: [Mishap] = [
            .carDies(saved: false), .carDies(saved: true), .phoneDies(saved: false),
            .phoneDies(saved: true),
        ]
        guard let command = tap.command else { return all + [.delayed(61)] }
        all += [
            .commandLost, .answerLost, .doubled(heardFirst: true), .doubled(heardFirst: false),
            .blink, .replayed(0), .replayed(max(0, index - 1)), .delayed(1), .delayed(61),
            .delayed(301), .delayed(601),
        ]
        all += command.indices.map { .commandCut($0) }
        all += stride(from: 0, to: command.count, by: flow.flipsEvery).map {
            .commandFlipped(bit: 8 * $0 + $0 % 8)
        }
        return all
    }
}

/// The endings of one flow; those that left both sides alike are healed once.
private struct Ends {
    private let flow: Flow
    private(set) var count = 0
    private var healed: [PhoneCard.Snapshot: [(VehicleRecord, minutes: Int64)]] = [:]

    private let start: Ledger

    init(_ flow: Flow) throws {
        self.flow = flow
        start = try Ledger(flow.record)
    }

    mutating func check(_ tap: Conversation, _ place: String) throws {
        var tap = tap
        count += 1
        do {
            try tap.run()
            var ledger = start
            try ledger.note(tap, by: flow.key)
            var phone = tap.phone
            phone.timePassed(until: tap.now.adding(seconds: 61))
            let minutes = (tap.now.secondsSinceEpoch - TestWorld.noon.secondsSinceEpoch) / 60
            let known = healed[phone.snapshot, default: []]
            guard !known.contains(where: { $0 == tap.record && $1 == minutes }) else { return }
            healed[phone.snapshot, default: []].append((tap.record, minutes))
            try flow.heal(tap.record, phone, tap.now)
        } catch let error as Ledger.Broken {
            Issue.record("\(flow.name), \(place): \(error)")
        }
    }
}
