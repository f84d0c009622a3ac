// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol

@testable import VirtualPhone

/// What reaches the car instead of the phone's answer to one round.
typealias Tamper = (_ round: Int, _ answer: StreamFrame, _ earlier: [StreamFrame]) -> StreamFrame?

extension JoinedCar {
    /// A ranging session over a simulated radio; `distances` are those of rounds 1, 2, …, the last one
    /// stays. Each round takes `pace`.
    mutating func range(
        _ phone: inout PhoneCard, of slot: SlotID, at distances: [UInt16?] = [150],
        pace: Duration = .milliseconds(30), tamper: Tamper = { _, answer, _ in answer }
    ) -> RangingResult {
        var session: RangingSession
        do throws(RangingReason) {
            session = try record.beginRanging(of: slot, at: now, random: random)
        } catch {
            return .refused(error, centimetres: nil)
        }
        var step = session.start()
        var (round, answers): (Int, [StreamFrame]) = (0, [])
        while true {
            let elapsed = pace * Double(round)
            switch step {
            case .wait:
                round += 1
                step = session.waited(after: elapsed)
            case .send(let frame):
                guard let answer = send(frame, to: &phone),
                    let arrived = tamper(round, answer, answers)
                else {
                    step = session.lost()
                    continue
                }
                answers.append(answer)
                let distance = distances.dropFirst(max(round - 1, 0)).first ?? distances.last ?? nil
                step = session.received(arrived, measured: distance, after: elapsed)
            case .finish(let result):
                var reason: RangingReason?
                if case .refused(let why, _) = result { reason = why }
                _ = send(RangingMessage.end(reason).frame, to: &phone)
                return result
            }
        }
    }
}
