// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyProtocol
import Logging
import ServiceKit

/// Serves a phone that came near: which key it is, then where it is, then the doors (PROTOCOL 18).
///
/// The transaction runs as at a reader, and the doors open in the same record with the same log. Where
/// the phone is says a simulated radio; it proves nothing against a relay.
struct ApproachRunner: Sendable {
    let taps: TapRunner

    /// Serves the phone until the car is done with it.
    func serve(_ link: StreamLink, of id: VehicleID) async {
        var tap = Tap(
            link, at: .init(vehicleId: id, role: .approach), random: taps.host.random)
        tap.beginTrace(taps.host)
        var end: RangingMessage?
        for attempt in 1...2 {
            end = nil
            await taps.run(&tap)
            guard let outcome = tap.outcome, case .present = outcome.result,
                let slot = outcome.slotId
            else { break }
            // Only the car had a secret left: it is used up now, and the next transaction makes one.
            let (reason, isStale) = await range(&tap, link, slot)
            end = .end(reason)
            guard isStale, attempt == 1 else { break }
        }
        // Whoever connects and never says a word is no phone.
        guard tap.lastAnswer != nil else { return }
        taps.keepTrace(of: tap)
        await taps.log(tap)
        if let end { await link.send(end.frame) }
    }

    /// Why the car did not open; stale when the phone has no ranging secret where the car had one.
    private func range(
        _ tap: inout Tap, _ link: StreamLink, _ slot: SlotID
    ) async -> (RangingReason?, isStale: Bool) {
        var result: RangingResult
        var hadSecret = false
        do {
            switch try await begin(slot, tap.place.vehicleId) {
            case .success(let session):
                hadSecret = true
                result = await drive(session, link)
                tap.lastAnswer = .now
                if case .near = result,
                    let objection = try await unlock(slot, tap.place.vehicleId)
                {
                    result = .refused(objection, centimetres: nil)
                } else if case .near = result {
                    tap.outcome?.result = .unlocked(session.doors)
                }
            case .failure(let reason): result = .refused(reason, centimetres: nil)
            }
        } catch {
            taps.host.logger.error("the state file cannot be written while ranging")
            result = .refused(.unspecified, centimetres: nil)
        }
        var reason: RangingReason?
        switch result {
        case .near(let centimetres, let rounds):
            tap.remark = "The simulated radio says \(Self.metres(centimetres)) (\(rounds) rounds)."
        case .refused(let why, let centimetres):
            reason = why
            tap.outcome?.result = .refused(why.sentence, nil)
            tap.remark = centimetres.map { "The simulated radio says \(Self.metres($0))." }
        }
        return (reason, hadSecret && reason == .noSecret)
    }

    /// Takes the ranging secret out of the record; it is gone from the disk before a frame leaves.
    private func begin(
        _ slot: SlotID, _ id: VehicleID
    ) async throws -> Result<RangingSession, RangingReason> {
        let (now, random, minutes) = (taps.host.clock.now, taps.host.random, Self.minutesFromUTC)
        return try await taps.store.change(id, at: now) { vehicle, _ in
            do throws(RangingReason) {
                return .success(
                    try vehicle.record.beginRanging(
                        of: slot, at: now, minutesFromUTC: minutes, random: random))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Opens the doors, unless the key has stopped meanwhile.
    private func unlock(_ slot: SlotID, _ id: VehicleID) async throws -> RangingReason? {
        let (now, random, minutes) = (taps.host.clock.now, taps.host.random, Self.minutesFromUTC)
        return try await taps.store.change(id, at: now) { vehicle, _ in
            let objection = vehicle.record.rangingObjection(
                to: slot, at: now, minutesFromUTC: minutes, random: random)
            if objection == nil { vehicle.locked = false }
            return objection
        }
    }

    private func drive(_ session: RangingSession, _ link: StreamLink) async -> RangingResult {
        var session = session
        let start = ContinuousClock.now
        var step = session.start()
        while true {
            switch step {
            case .wait(let milliseconds):
                try? await Task.sleep(for: .milliseconds(milliseconds))
                step = session.waited(after: .now - start)
            case .send(let frame):
                await link.send(frame)
                step = await answer(&session, link, since: start)
            case .finish(let result): return result
            }
        }
    }

    private func answer(
        _ session: inout RangingSession, _ link: StreamLink, since start: ContinuousClock.Instant
    ) async -> RangingStep {
        let deadline = ContinuousClock.now + .milliseconds(Limits.rangingRound)
        while true {
            guard case .frame(let frame) = await link.next(within: deadline - .now) else {
                return session.lost()
            }
            guard frame.type == .ranging || frame.type == .secureElement else { continue }
            return session.received(frame, measured: link.measured, after: .now - start)
        }
    }

    private static var minutesFromUTC: Int { TimeZone.current.secondsFromGMT() / 60 }

    /// `1.50 m`
    private static func metres(_ centimetres: UInt16) -> String {
        let rest = centimetres % 100
        return "\(centimetres / 100).\(rest < 10 ? "0" : "")\(rest) m"
    }
}
