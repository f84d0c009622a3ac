// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import KeyCrypto

/// The car of a trace at work again, as this code is, with the same clock and the same random bytes:
/// it meets the recorded answers, or a phone that is there in person. Like `ReaderSession` it does no
/// I/O: do `next` and call back.
///
/// A tap that began again, because something else had changed the car, counts from its last beginning.
public struct CarReplay: Sendable {
    /// What the shell is to do.
    public private(set) var next: Next
    /// What went as recorded, and what did not.
    public private(set) var comparison: TraceComparison
    /// The recorded time.
    public private(set) var now: Instant
    private var session: ReaderSession
    private var recorded: ArraySlice<(line: TapTrace.Line, apdus: [AnnotatedAPDU])>
    private var annotator = APDUAnnotator()
    private var keys: ChannelKeys?
    private let run: TraceComparison.Run

    /// The car of `trace` before its first command; none when the trace has no car.
    public init?(_ trace: TapTrace, _ run: TraceComparison.Run) {
        let lines = trace.annotated()
        guard let start = lines.lastIndex(where: { $0.line.car != nil }),
            let car = lines[start].line.car
        else { return nil }
        let rest = lines[start...]
        let draws = rest.flatMap { $0.line.draws ?? [] }
        recorded = rest.filter { $0.line.command != nil }[...]
        self.run = run
        comparison = TraceComparison(run)
        now = lines[start].line.at ?? trace.header.at
        session = car.session(random: .replaying(draws))
        next = .wait(milliseconds: 0)
        take(session.start(at: now))
    }

    /// Plays all of it against the recorded answers.
    public static func recorded(_ trace: TapTrace) -> CarReplay? {
        guard var replay = CarReplay(trace, .sameDraws) else { return nil }
        var phone = RecordedPhone()
        while true {
            switch replay.next {
            case .transmit(let command):
                replay.answered(phone.answer(to: command, as: replay.recorded.first?.line))
                phone.opened(replay.session.traceKeys, by: command)
            case .fieldReset: replay.fieldWasReset()
            case .wait: replay.waited()
            case .finish: return replay
            }
        }
    }

    /// The phone answered; nothing when it went away.
    public mutating func answered(_ answer: [UInt8]) {
        guard case .transmit(let command) = next else { return }
        now = recorded.first?.line.at ?? now
        let step = answer.isEmpty ? session.fieldLost() : session.received(answer, at: now)
        let fresh = session.traceKeys == keys ? nil : session.traceKeys
        keys = session.traceKeys ?? keys
        let apdus = annotator.annotate(command: command, response: answer, keys: fresh)
        if !isQuestion(apdus) { comparison.compare(recorded: popRecorded(), now: apdus) }
        take(step)
    }

    /// The field is on again.
    public mutating func fieldWasReset() { take(session.fieldWasReset(at: now)) }

    /// The time is over.
    public mutating func waited() { take(session.waited(at: now)) }

    private mutating func take(_ step: Step) {
        next = step.next
        guard case .finish = next, let left = popRecorded() else { return }
        comparison.compare(recorded: left, now: nil)
    }

    private mutating func popRecorded() -> [AnnotatedAPDU]? {
        recorded = recorded.drop { isQuestion($0.apdus) }
        return recorded.popFirst()?.apdus
    }

    /// How often the car asks whether the key is made depends on how fast the phone is, so with
    /// another phone that is not compared.
    private func isQuestion(_ apdus: [AnnotatedAPDU]) -> Bool {
        run == .freshPhone && apdus.first?.title == "GET DATA: state of the new key"
    }
}
