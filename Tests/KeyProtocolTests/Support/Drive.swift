// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol

/// What a session did, in order.
struct Run {
    enum Event: Equatable {
        case saved
        case sent([UInt8])
        case fieldReset
        case waited(Int)
    }

    var events: [Event] = []
    var facts: [Fact] = []
    var outcome: Outcome?
    /// The record as the disk has it.
    var stored: VehicleRecord

    var commands: [[UInt8]] {
        events.compactMap { if case .sent(let bytes) = $0 { bytes } else { nil } }
    }
    var controlFlow: String? { outcome?.controlFlowHex }
}

/// A phone, as far as a reader sees it.
protocol TestPhone {
    /// None when the phone is gone.
    mutating func respond(to command: [UInt8]) -> [UInt8]?
    mutating func fieldLost()
}

/// The shell: stores, sends, waits, until the session is over. Each answer takes `pace` seconds.
func drive(
    _ session: ReaderSession, with phone: inout some TestPhone, at time: Instant = .test,
    pace: Int64 = 0, limit: Int = 400
) -> Run {
    var session = session
    var run = Run(stored: session.record)
    var step = session.start(at: time)
    var time = time
    for _ in 0..<limit {
        if let record = step.save {
            run.stored = record
            run.events.append(.saved)
        }
        run.facts += step.facts
        switch step.next {
        case .transmit(let command):
            run.events.append(.sent(command))
            time = time.adding(seconds: pace)
            if let response = phone.respond(to: command) {
                step = session.received(response, at: time)
            } else {
                step = session.fieldLost()
            }
        case .fieldReset:
            run.events.append(.fieldReset)
            phone.fieldLost()
            step = session.fieldWasReset(at: time)
        case .wait(let milliseconds):
            run.events.append(.waited(milliseconds))
            step = session.waited(at: time)
        case .finish(let outcome):
            run.outcome = outcome
            return run
        }
    }
    return run
}

extension Instant {
    /// 2026-06-01T12:00:00Z, a Monday.
    static let test = Instant(secondsSinceEpoch: 1_780_315_200)
}

extension Outcome {
    /// Whether the car said no, or the conversation broke.
    var isRefusal: Bool {
        switch result {
        case .refused, .aborted: true
        case .unlocked, .locked, .driveReady, .present, .paired: false
        }
    }
}
