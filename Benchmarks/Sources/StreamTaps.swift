// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import VirtualPhone

/// A car with a radio: transactions over the stream transport (PROTOCOL 18), TCP on loopback, against bare
/// exchanges of the same frames; and the ranging decision, what each side computes.
struct StreamTaps {
    var fast = Samples()
    var fastEcho = Samples()
    var standard = Samples()
    var standardEcho = Samples()
    /// Three rounds near enough, without the pauses between them.
    var ranging = (car: Samples(), phone: Samples())

    init(_ scene: Scene, rounds: Int) throws {
        let line = try StreamLine()
        defer { line.close() }
        let (car, owner) = try Self.paired(scene)
        // Once, for the secrets that fast and ranging want.
        let first = try line.tap(car, by: owner, .standard)
        for round in -rounds / 10..<rounds {
            let standard = try line.tap(car, by: owner, .standard)
            let standardEcho = try line.echo(standard.trace)
            let fast = try line.tap(first.car, by: first.phone, .fast)
            let fastEcho = try line.echo(fast.trace)
            let ranged = try Self.range(first.car, first.phone)
            guard round >= 0 else { continue }  // warming up
            self.standard.add(standard.time)
            self.standardEcho.add(standardEcho)
            self.fast.add(fast.time)
            self.fastEcho.add(fastEcho)
            ranging.car.add(ranged.car)
            ranging.phone.add(ranged.phone)
        }
    }

    var lines: [String] {
        [
            fast.line("fast transaction over the stream"),
            fastEcho.line("  echo of the same frames"),
            standard.line("standard transaction over the stream"),
            standardEcho.line("  echo of the same frames"),
            ranging.car.line("ranging decision, 3 rounds, car only"),
            ranging.phone.line("ranging decision, 3 rounds, phone only"),
        ]
    }

    var figures: [Figure] {
        [
            Figure(
                name: "fast transaction over the stream", measured: fast.median / 1000, goal: 1,
                unit: "ms"),
            Figure(
                name: "standard transaction over the stream", measured: standard.median / 1000,
                goal: 1, unit: "ms"),
            Figure(
                name: "ranging decision, both sides' computing",
                measured: (ranging.car.median + ranging.phone.median) / 1000, goal: 1, unit: "ms"),
        ]
    }

    /// A car with passive entry and its owner's phone, which has not met its radio yet.
    private static func paired(_ scene: Scene) throws -> (VehicleRecord, PhoneCard) {
        var car = scene.car
        car.configuration.options = .ownerPassiveEntry
        var phone = try scene.phoneInPairingMode()
        let tap = try JoinedTap(car, .dashboard, with: &phone)
        try tap.expect(.pairing)
        phone.interface = .wired
        return (tap.record, phone)
    }

    private static func range(
        _ car: VehicleRecord, _ phone: PhoneCard
    ) throws -> (car: Duration, phone: Duration) {
        var (car, phone) = (car, phone)
        guard let slot = car.owner?.slotId else { throw BenchmarkError("nobody owns the car") }
        var times = (car: Duration.zero, phone: Duration.zero)
        let clock = ContinuousClock()
        var start = clock.now
        var session = try car.beginRanging(of: slot, at: Scene.now, random: .system)
        var step = session.start()
        while true {
            switch step {
            case .wait: step = session.waited(after: .zero)
            case .send(let frame):
                let asked = clock.now
                guard let answer = phone.receive(frame, at: Scene.now) else {
                    throw BenchmarkError("the phone does not answer in ranging")
                }
                let answered = clock.now
                times.car += asked - start
                times.phone += answered - asked
                start = answered
                step = session.received(answer, measured: 150, after: .zero)
            case .finish(.near):
                times.car += clock.now - start
                return times
            case .finish(let result): throw BenchmarkError("ranging ended with \(result)")
            }
        }
    }
}
