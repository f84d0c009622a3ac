// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PCSC
import Synchronization
import VirtualPhone

/// Whole taps over pcscd and a virtual reader, against bare exchanges of the same bytes.
struct ReaderTaps {
    var fast = Samples()
    var fastEcho = Samples()
    var standard = Samples()
    var standardEcho = Samples()
    var pairing = Samples()
    var scrypt = Samples()

    init(_ scene: Scene, on reader: VirtualReader, rounds: Int) async throws {
        let bench = try await Bench(reader)
        let (car, owner) = try scene.paired()
        for round in -rounds / 10..<rounds {
            let fast = try await bench.tap(car, .transaction(.unlock), by: owner, .fast)
            let fastEcho = try await bench.echo(fast.trace)
            let standard = try await bench.tap(car, .transaction(.drive), by: owner, .standard)
            let standardEcho = try await bench.echo(standard.trace)
            guard round >= 0 else { continue }  // warming up
            self.fast.add(fast.time)
            self.fastEcho.add(fastEcho)
            self.standard.add(standard.time)
            self.standardEcho.add(standardEcho)
        }
        for _ in 0..<max(3, rounds / 10) {
            let phone = try scene.phoneInPairingMode()
            pairing.add(try await bench.tap(scene.car, .dashboard, by: phone, .pairing).time)
            let start = ContinuousClock.now
            _ = try SPAKE2Plus.scalars(
                password: Scene.password, salt: Scene.salt, cost: scene.cost)
            scrypt.add(.now - start)
        }
        await bench.end()
    }

    var figures: [Figure] {
        [
            Figure(
                name: "fast tap / bare echo of the same APDUs",
                measured: fast.median / fastEcho.median, goal: 3, unit: "  "),
            Figure(
                name: "standard tap / bare echo of the same APDUs",
                measured: standard.median / standardEcho.median, goal: 3, unit: "  "),
            Figure(
                name: "owner pairing without the phone's scrypt",
                measured: (pairing.median - scrypt.median) / 1e6, goal: 1, unit: "s "),
        ]
    }
}

extension ReaderTaps {
    /// The goals for our own driver, on which less is lost in transport.
    var eventDrivenFigures: [Figure] {
        [
            Figure(
                name: "fast tap / bare echo, event-driven reader",
                measured: fast.median / fastEcho.median, goal: 1.5, unit: "  "),
            Figure(
                name: "standard tap / bare echo, event-driven reader",
                measured: standard.median / standardEcho.median, goal: 1.5, unit: "  "),
        ]
    }
}

/// One reader with one card in it that plays phone or echo.
struct Bench {
    typealias Exchange = (command: [UInt8], answer: [UInt8])
    private let card: CardInField
    private let channel: CardChannel
    private static let limit = Duration.seconds(5)

    init(_ reader: VirtualReader) async throws {
        card = try CardInField(port: reader.port, CardInField.Role { _ in [0x90, 0x00] })
        for _ in 0..<100 {
            if let channel = try? await CardChannel.connect(to: reader.name, profile: .virtual) {
                self.channel = channel
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw BenchmarkError("the reader sees no card")
    }

    func end() async {
        await channel.disconnect()
        card.leave()
    }

    /// From before the first command until the car has decided and the last answer is there.
    func tap(
        _ car: VehicleRecord, _ purpose: ReaderSession.Purpose, by phone: PhoneCard,
        _ kind: TransactionKind
    ) async throws -> (time: Duration, trace: [Exchange]) {
        card.play(Held(phone).role)
        var trace: [Exchange] = []
        let start = ContinuousClock.now
        var session = ReaderSession(record: car, purpose: purpose, random: .system)
        var step = session.start(at: Scene.now)
        while true {
            switch step.next {
            case .transmit(let command):
                let answer = try await channel.transmit(command, within: Self.limit) {
                    session.prepare()
                }
                trace.append((command, answer))
                step = session.received(answer, at: Scene.now)
            case .fieldReset:
                try await channel.resetField()
                step = session.fieldWasReset(at: Scene.now)
            case .wait(let milliseconds):
                try await Task.sleep(for: .milliseconds(milliseconds))
                step = session.waited(at: Scene.now)
            case .finish(let outcome):
                let time = ContinuousClock.now - start
                try outcome.expect(kind)
                return (time, trace)
            }
        }
    }

    /// The same bytes both ways, with nobody thinking.
    func echo(_ trace: [Exchange]) async throws -> Duration {
        let answers = Answers(trace.map(\.answer))
        card.play(CardInField.Role { _ in answers.next() ?? [0x6F, 0x00] })
        let start = ContinuousClock.now
        for exchange in trace {
            _ = try await channel.transmit(exchange.command, within: Self.limit)
        }
        return ContinuousClock.now - start
    }
}

/// A phone the reader's thread uses.
final class Held: Sendable {
    private let card: Mutex<PhoneCard>
    init(_ card: PhoneCard) { self.card = Mutex(card) }

    /// How it answers a reader.
    var role: CardInField.Role {
        CardInField.Role(
            respond: { command in self.use { $0.respond(to: command, at: Scene.now) } },
            fieldLost: { self.use { $0.fieldLost() } })
    }

    func use<Value: Sendable>(_ body: (inout PhoneCard) -> Value) -> Value {
        card.withLock { body(&$0) }
    }
}

/// Answers known beforehand.
final class Answers<Answer: Sendable>: Sendable {
    private let rest: Mutex<ArraySlice<Answer>>
    init(_ answers: [Answer]) { rest = Mutex(answers[...]) }
    func next() -> Answer? { rest.withLock { $0.popFirst() } }
}
