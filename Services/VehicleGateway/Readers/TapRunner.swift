// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyProtocol
import Logging
import PCSC
import PKI
import ServiceKit

/// Serves a phone that came to a reader: picks what the car wants and drives the session over the
/// card channel, saving each change before the next command leaves.
struct TapRunner: Sendable {
    let store: GatewayStore
    let readers: ReaderMap
    let codes: ActivationCodes
    let host: ServiceHost
    let profile: ReaderProfile
    /// What readers call themselves in polling frames.
    let make: ReaderMake
    /// Rung when a report was queued.
    let reports: Bell
    /// None keeps none.
    var traces: Traces?

    /// How long the parts of a tap may take (PROTOCOL 17).
    enum TimeLimit {
        static let command = Duration.seconds(1)
        /// SPAKE2+ REQUEST: the phone runs scrypt.
        static let request = Duration.seconds(3)
        static let tap = Duration.seconds(3)
        /// Each part of pairing: before and after the field reset, and phase 3.
        static let pairingPart = Duration.seconds(10)
        /// Times a tap starts again because something else changed the vehicle meanwhile.
        static let restarts = 2
    }

    /// Serves the phone in the reader that PC/SC lists as `reader`; returns when it is done.
    func serve(_ reader: String) async {
        guard let place = readers.place(of: reader), let channel = await connect(reader) else {
            return
        }
        var tap = Tap(channel, at: place, random: host.random)
        tap.beginTrace(host)
        await run(&tap)
        await channel.disconnect()
        keepTrace(of: tap)
        await log(tap)
    }

    /// The channel to the phone; presence may be stale, and a channel that was dropped in the
    /// middle of a command holds the reader until its command ends.
    private func connect(_ reader: String) async -> CardChannel? {
        for attempt in 1...4 {
            do {
                return try await CardChannel.connect(to: reader, profile: profile)
            } catch PCSCError.busy where attempt < 4 {
                try? await Task.sleep(for: .milliseconds(100))
            } catch {
                host.logger.debug("no phone", metadata: ["reason": .string(error.sentence)])
                return nil
            }
        }
        return nil
    }

    /// Runs the session, again when something else changed the vehicle meanwhile.
    func run(_ tap: inout Tap) async {
        for _ in 0...TimeLimit.restarts {
            do {
                tap.note = nil
                return try await drive(&tap)
            } catch GatewayError.conflict {
                tap.note = "another phone changed the car at the same moment"
                guard (try? await tap.channel.resetField()) != nil else { return }
            } catch {
                tap.note = (error as? GatewayError)?.sentence ?? "the state file cannot be written"
                host.logger.error("a tap ended", metadata: ["reason": .string(tap.note ?? "")])
                return
            }
        }
    }

    /// One session from its first step to its outcome.
    private func drive(_ tap: inout Tap) async throws {
        guard let vehicle = try await store.vehicle(tap.place.vehicleId) else {
            throw GatewayError.vehicleUnknown
        }
        let now = host.clock.now
        await announce(tap, offersPairing: vehicle.record.isInPairingMode(at: now))
        let mayPair = vehicle.record.pairing != nil || vehicle.record.pending != nil
        let isPairing = tap.place.role == .dashboard && mayPair
        let part = isPairing ? TimeLimit.pairingPart : TimeLimit.tap
        var deadline = ContinuousClock.now + part
        let car = TracedCar(
            record: vehicle.record, purpose: tap.place.role.purpose(for: vehicle),
            interface: tap.place.role.interface, activationCode: codes.code(for: vehicle.id),
            minutesFromUTC: TimeZone.current.secondsFromGMT() / 60)
        tap.noteTrace(car, at: now)
        var session = car.session(random: tap.draws.random)
        var saved = vehicle.record
        var step = session.start(at: now)
        while true {
            if let record = step.save {
                try await save(record, from: saved, step.facts, tap.place.vehicleId)
                saved = record
            }
            do {
                switch step.next {
                case .transmit(let command):
                    let answer = try await answer(to: command, &tap, before: deadline) {
                        session.prepare()
                    }
                    let now = host.clock.now
                    step = session.received(answer, at: now)
                    tap.noteTrace(command, answer, session.traceKeys, at: now)
                case .fieldReset:
                    try await tap.channel.resetField()
                    tap.noteFieldReset()
                    deadline = .now + part
                    step = session.fieldWasReset(at: host.clock.now)
                case .wait(let milliseconds):
                    try await Task.sleep(for: .milliseconds(milliseconds))
                    step = session.waited(at: host.clock.now)
                case .finish(let outcome):
                    tap.outcome = outcome
                    if case .refused(_, .notValidNow) = outcome.result, !saved.hasTrustedTime {
                        tap.remark = "The car does not know what time it is."
                    }
                    if outcome.slotId.flatMap(saved.key(at:))?.endingSince != nil {
                        tap.remark = "Its phone says that this key will end soon."
                    }
                    return try await act(on: outcome, tap.place)
                }
            } catch let error as PCSCError {
                // What the car had decided and told the phone stands; anything else is aborted.
                tap.note = error.sentence
                step = session.fieldLost()
            }
        }
    }

    /// What the phone answers; a command that gets no answer is in the trace too.
    private func answer(
        to command: [UInt8], _ tap: inout Tap, before deadline: ContinuousClock.Instant,
        meanwhile: () -> Void
    ) async throws -> [UInt8] {
        do {
            return try await tap.transmit(command, before: deadline, meanwhile: meanwhile)
        } catch {
            tap.noteTrace(command, [], nil, at: host.clock.now)
            throw error
        }
    }

    /// Tells the phone what reader it is at, where the reader can; a tap works without.
    private func announce(_ tap: Tap, offersPairing: Bool) async {
        guard let position = tap.place.role.position else { return }
        let terminal = TerminalID(make, at: position)
        let frame =
            offersPairing && position == .dashboard
            ? PollingFrame(offeringPairing: terminal)
            : PollingFrame(of: terminal, in: tap.place.vehicleId)
        do {
            try await tap.channel.announce(frame.encoded)
        } catch {
            host.logger.debug("not announced", metadata: ["reason": .string(error.sentence)])
        }
    }

    /// Brings a session's change into the record as it is now, with its facts, in one transaction.
    private func save(
        _ record: VehicleRecord, from base: VehicleRecord, _ facts: [Fact], _ id: VehicleID
    ) async throws {
        try await store.change(id, at: host.clock.now) { vehicle, queue in
            vehicle.record = try RecordMerge.merged(
                base: base, mine: record, theirs: vehicle.record)
            // Spent is what the session discarded, not what a broken pairing may try again (PROTOCOL 5.6).
            if let used = base.pairing, record.pairing == nil { vehicle.spentPairing = used.id }
            queue += facts.map(VehicleReport.Fact.init)
        }
        if !facts.isEmpty { reports.ring() }
    }

    /// Does what the outcome allows: locks, engine.
    private func act(on outcome: Outcome, _ place: ReaderMap.Place) async throws {
        if outcome.usedActivationCode { codes.use(for: place.vehicleId) }
        guard outcome.changesVehicle else { return }
        try await store.change(place.vehicleId, at: host.clock.now) { vehicle, _ in
            switch outcome.result {
            // The trunk springs open by itself and is shut by hand.
            case .unlocked(.trunkOnly): break
            case .unlocked: vehicle.locked = false
            case .locked: vehicle.locked = true
            case .driveReady(let config):
                vehicle.engineRunning = true
                vehicle.speedLimit = config.maxSpeedKmh
            case .present, .paired, .refused, .aborted: break
            }
        }
    }

    /// Writes the line of the car's own log.
    func log(_ tap: Tap) async {
        do {
            try await store.append(tap.entry(at: host.clock.now), of: tap.place.vehicleId)
        } catch {
            host.logger.error("the log cannot be written")
        }
    }
}
