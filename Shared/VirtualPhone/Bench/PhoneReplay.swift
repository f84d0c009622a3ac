// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
public import KeyProtocol

/// The phone of a trace at work again, as this code is, with the same clock and the same random bytes:
/// it meets the car's recorded commands.
public struct PhoneReplay: Sendable {
    /// How its answers compare with those of then.
    public private(set) var comparison = TraceComparison(.sameDraws)

    /// Plays `trace` against the phone it began with.
    public init(_ trace: TapTrace, snapshot: PhoneCard.Snapshot) {
        let draws = trace.lines.flatMap { $0.draws ?? [] }
        var card = PhoneCard(snapshot: snapshot, random: .replaying(draws))
        card.conditions = PhoneConditions(
            isUnlocked: trace.header.isUnlocked ?? false,
            expressMode: trace.header.expressMode ?? true,
            frameworkRuns: !(trace.header.powerReserve ?? false))
        card.interface = trace.header.interface ?? .contactless
        var annotator = APDUAnnotator()
        for (line, recorded) in trace.annotated() where comparison.isOpen {
            guard let text = line.command, let command = try? [UInt8](hex: text) else {
                if line.fieldLost == true { card.fieldLost() }
                continue
            }
            let response = card.respond(to: command, at: line.at ?? trace.header.at)
            let now = annotator.annotate(
                command: command, response: response, keys: line.keys == nil ? nil : card.traceKeys)
            comparison.compare(recorded: recorded, now: now)
        }
    }
}
