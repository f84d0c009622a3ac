// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import PCSC
import PKI
import ServiceKit
import TestKit
import Testing
import VirtualPhone

@testable import VehicleGateway

/// What may reach a car's radio: it ends nobody's work but its sender's.
@Suite struct StreamTests {
    private static let select = StreamFrame.command(ApplicationID.applet.select.encoded)

    /// A gateway with two cars and their radios; no reader, no broker.
    private func withRadios(
        _ body: (GatewayStore, VehicleDesk, [TestCar], [Int]) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "latchkey-radio-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: folder) }
        var cars = [try TestCar(), try TestCar("coupe")]
        let ports = [FreePort.take(), FreePort.take()]
        let host = ServiceHost(
            service: "vehicle-gateway", shared: SharedSettings(environment: cars[0].environment))
        let store = try GatewayStore(path: folder.appending(path: "state.sqlite").path)
        let (readers, codes, bell) = (ReaderMap(), ActivationCodes(), Bell())
        let desk = VehicleDesk(
            store: store, readers: readers, codes: codes, host: host, reports: Bell(),
            documents: Bell(), streams: bell)
        for index in cars.indices {
            cars[index].radio = "127.0.0.1:\(ports[index])"
            var provisioning = try cars[index].provisioning()
            provisioning.readers.door = "Door \(index) 00"
            provisioning.readers.dashboard = "Dash \(index) 00"
            try await desk.provision(provisioning, as: cars[index].vehicleId)
        }
        let taps = TapRunner(
            store: store, readers: readers, codes: codes, host: host, profile: .virtual,
            make: cars[0].make, reports: Bell())
        let watch = StreamWatch(store: store, taps: taps, host: host, changes: bell)
        let running = Task { try await watch.run() }
        defer { running.cancel() }
        for port in ports { try await RawStream.untilOpen(port) }
        try await body(store, desk, cars, ports)
        running.cancel()
        _ = await running.result
    }

    private func isAlive(_ port: Int) async throws {
        let first = try await blocking { try RawStream(port: port).next() }
        #expect(first == Self.select)
    }

    @Test func `no bytes crash a radio or reach another vehicle's`() async throws {
        try await withRadios { store, _, cars, ports in
            let garbage: [[UInt8]] = [
                [], [0xFF], [0x01, 0x0C, 0xFF, 0xFF], [0x01, 0x0C, 0x02, 0x01],
                [UInt8](repeating: 0xFF, count: 4096), [0x01, 0x0C, 0x00, 0x00],
                StreamFrame.response([0x6F]).encoded, StreamFrame.response([0x90, 0x00]).encoded,
                StreamFrame.response([0x5C, 0x04, 0x02, 0x00, 0x90, 0x00]).encoded,
                [UInt8](repeating: 0, count: 4 * 40), Array("GET / HTTP/1.1\r\n\r\n".utf8),
                RangingMessage.end(nil).frame.encoded, StreamFrame(.ranging, 0x7F, []).encoded,
            ]
            for bytes in garbage {
                _ = try await blocking { [port = ports[0]] in
                    let stream = try RawStream(port: port)
                    _ = try stream.next()
                    stream.send(bytes)
                    return try stream.isClosed()
                }
                try await isAlive(ports[1])
            }
            try await isAlive(ports[0])
            for car in cars {
                let vehicle = try #require(try await store.vehicle(car.vehicleId))
                #expect(vehicle.locked)
                #expect(
                    try await store.log(of: car.vehicleId, limit: 99).allSatisfy {
                        ["refused", "aborted"].contains($0.outcome)
                    })
            }
            #expect(try await store.log(of: cars[1].vehicleId, limit: 99).isEmpty)
        }
    }

    @Test func `a fifth phone is turned away, and its place is free again later`() async throws {
        try await withRadios { _, _, _, ports in
            try await eventually("four places") {
                try await blocking { [port = ports[0]] in
                    let held = try (0..<StreamListener.phones).map { _ in
                        try RawStream(port: port)
                    }
                    let all = try held.allSatisfy { try $0.next() != nil }
                    return try all && RawStream(port: port).next() == nil
                }
            }
            try await isAlive(ports[1])
            try await eventually("a free place") {
                try await blocking { [port = ports[0]] in
                    try RawStream(port: port).next() == Self.select
                }
            }
        }
    }

    @Test func `a radio moves when the vehicle is provisioned again`() async throws {
        try await withRadios { _, desk, cars, ports in
            var moved = cars[0]
            let port = FreePort.take()
            moved.radio = "127.0.0.1:\(port)"
            var provisioning = try moved.provisioning()
            provisioning.readers = .init(door: "Door 0 00", dashboard: "Dash 0 00")
            try await desk.provision(provisioning, as: moved.vehicleId)
            try await RawStream.untilOpen(port)
            try await eventually("the former radio is silent") {
                try await blocking { [port = ports[0]] in (try? RawStream(port: port)) == nil }
            }
            provisioning.passiveEntry = "127.0.0.1:\(ports[1])"
            await #expect(throws: GatewayError.readerTaken("127.0.0.1:\(ports[1])")) {
                try await desk.provision(provisioning, as: moved.vehicleId)
            }
            for text in ["0.0.0.0:9", "192.0.2.1:9", "127.0.0.1:0", "127.0.0.1", ""] {
                provisioning.passiveEntry = text
                await #expect(throws: GatewayError.self, "\(text)") {
                    try await desk.provision(provisioning, as: moved.vehicleId)
                }
            }
        }
    }

    @Test func `a key that ends while it is ranged opens nothing`() async throws {
        try await withRadios { store, _, cars, ports in
            let car = cars[0]
            let phone = try paired(car)
            let record = phone.record
            try await store.change(car.vehicleId, at: WallClock.system.now) { vehicle, _ in
                vehicle.record = record
            }
            let key = try #require(record.owner?.keyId)
            let store = store
            let (ended, rounds) = try await blocking { [port = ports[0]] in
                try Self.range(phone.card, on: port) {
                    try await store.change(car.vehicleId, at: WallClock.system.now) { vehicle, _ in
                        _ = vehicle.record.terminate(key)
                    }
                }
            }
            #expect(rounds == 4)
            #expect(ended == .keyEnded)
            #expect(try #require(try await store.vehicle(car.vehicleId)).locked)
        }
    }

    /// Answers all frames until the end, and does something in the middle of the second round.
    private static func range(
        _ card: PhoneCard, on port: Int, _ meanwhile: @escaping @Sendable () async throws -> Void
    ) throws -> (RangingReason?, rounds: Int) {
        var card = card
        card.interface = .wired
        let stream = try RawStream(port: port)
        stream.send(RangingMessage.simulatedDistance(centimetres: 100).frame)
        var rounds = 0
        while let frame = try stream.next() {
            if case .end(let reason) = try? RangingMessage(parsing: frame) {
                return (reason, rounds)
            }
            if frame.type == .ranging { rounds += 1 }
            if frame.type == .ranging && rounds == 2 { try wait(meanwhile) }
            if let answer = card.receive(frame, at: WallClock.system.now) { stream.send(answer) }
        }
        return (nil, rounds)
    }

    private struct Paired: Sendable {
        let record: VehicleRecord
        let card: PhoneCard
    }

    /// A phone paired with the car by bytes alone.
    private func paired(_ car: TestCar) throws -> Paired {
        var record = try VehicleRecord(
            provisioned: try car.provisioning(), at: WallClock.system.now)
        let salt = [UInt8](repeating: 5, count: 16)
        let verifier = try SPAKE2Plus.Verifier(
            SPAKE2Plus.scalars(
                password: TestCar.password, salt: salt,
                cost: SPAKE2Plus.Cost(n: 4096, r: 8, p: 1)))
        record.apply(
            pairing: KeyProtocol.PairingMode(
                id: "p", expiresAt: WallClock.system.now.adding(seconds: 600), w0: verifier.w0,
                L: verifier.L, salt: salt, N: 4096, r: 8, p: 1))
        let phone = try car.phone()
        try phone.enterPairingMode()
        var session = ReaderSession(record: record, purpose: .pairing, random: .system)
        var step = session.start(at: WallClock.system.now)
        while true {
            switch step.next {
            case .transmit(let command):
                let answer = phone.use { $0.respond(to: command, at: WallClock.system.now) }
                step = session.received(answer, at: WallClock.system.now)
            case .fieldReset:
                phone.use { $0.fieldLost() }
                step = session.fieldWasReset(at: WallClock.system.now)
            case .wait: step = session.waited(at: WallClock.system.now)
            case .finish(let outcome):
                try #require(outcome.result == .paired, "\(outcome)")
                return Paired(record: session.record, card: phone.use { $0 })
            }
        }
    }

    /// Waits for a task on a thread of its own.
    private static func wait(_ body: @escaping @Sendable () async throws -> Void) throws {
        let done = DispatchSemaphore(value: 0)
        Task {
            try? await body()
            done.signal()
        }
        guard done.wait(timeout: .now() + 10) == .success else { throw POSIXError(.ETIMEDOUT) }
    }
}
