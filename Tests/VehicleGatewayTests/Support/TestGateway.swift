// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import PCSC
import ServiceKit
import TestKit
import Testing

@testable import VehicleGateway

/// A gateway in this process with one roadster at two virtual readers; broker and servers are away.
final class TestGateway: Sendable {
    let car: TestCar
    let store: GatewayStore
    let desk: VehicleDesk
    let documents: DocumentDesk
    let service: PrivatePCSC
    let folder: URL
    private let status = ReaderStatus()
    private let watch: Task<Void, any Error>

    /// Runs `body` with a gateway on a private PC/SC service.
    static func run(
        _ car: TestCar? = nil, profile: ReaderProfile = .virtual, radio: String? = nil,
        _ body: (TestGateway) async throws -> Void
    ) async throws {
        let names = [TestCar.doorName, TestCar.dashboardName, TestCar.trunkName]
        try await PrivatePCSC.withReaders(names) { service in
            var car = try car ?? TestCar()
            car.radio = radio
            car.trunk = "\(TestCar.trunkName) 00"
            let gateway = try await TestGateway(car, service, profile)
            do {
                try await body(gateway)
                gateway.stop()
            } catch {
                gateway.stop()
                throw error
            }
        }
    }

    private init(
        _ car: TestCar, _ service: PrivatePCSC, _ profile: ReaderProfile
    ) async throws {
        (self.car, self.service) = (car, service)
        folder = FileManager.default.temporaryDirectory
            .appending(path: "latchkey-gateway-\(UUID().uuidString.prefix(8))")
        let host = ServiceHost(
            service: "vehicle-gateway", shared: SharedSettings(environment: car.environment))
        let store = try GatewayStore(path: folder.appending(path: "state.sqlite").path)
        let (readers, codes, bell, radios) = (ReaderMap(), ActivationCodes(), Bell(), Bell())
        self.store = store
        desk = VehicleDesk(
            store: store, readers: readers, codes: codes, host: host, reports: bell,
            documents: bell, streams: radios)
        documents = DocumentDesk(store: store, host: host, reports: bell)
        let taps = TapRunner(
            store: store, readers: readers, codes: codes, host: host, profile: profile,
            make: car.make, reports: bell,
            traces: .init(folder: folder.appending(path: "traces"), keepsAll: true))
        try await desk.provision(car.provisioning(), as: car.vehicleId)
        let reader = ReaderWatch(status: status, host: host) { await taps.serve($0) }
        let streams = StreamWatch(store: store, taps: taps, host: host, changes: radios)
        watch = Task {
            async let radio: Void = streams.run()
            try await reader.run()
            try await radio
        }
    }

    private func stop() {
        watch.cancel()
        try? FileManager.default.removeItem(at: folder)
    }

    func apply(_ document: VehicleDocument) async throws {
        try await documents.apply(try car.signed(document), to: car.vehicleId)
    }

    /// Holds the phone to a reader until the car has written a line into its log.
    func tap(_ phone: TestPhone, at reader: String) async throws -> CarAPI.LogEntry {
        let before = try await store.log(of: car.vehicleId, limit: 1).first?.id ?? 0
        let card = phone.card(on: try #require(service.port(of: reader)))
        try card.insert()
        defer { card.remove() }
        let entry = try await entry(after: before)
        card.remove()
        try await untilEmpty(reader)
        return entry
    }

    /// Waits until the gateway has seen the phone leave: the reader looks for one every 400 ms, and
    /// the next tap is to be a new one.
    private func untilEmpty(_ reader: String) async throws {
        try await eventually("an empty reader") {
            !status.readers.contains { $0.name.hasPrefix(reader + " ") && $0.phonePresent }
        }
    }

    /// The first line of the log after `id`.
    func entry(after id: Int) async throws -> CarAPI.LogEntry {
        for _ in 0..<600 {
            let entries = try await store.log(of: car.vehicleId, limit: 50)
            if let entry = entries.last(where: { $0.id > id }) { return entry }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw GatewayError.refused("no line in the log within 12 s")
    }

    /// Pairs `phone` as the owner's.
    func pair(_ phone: TestPhone) async throws {
        try await apply(car.document(1, pairing: "pairing-1"))
        try phone.enterPairingMode()
        let entry = try await tap(phone, at: TestCar.dashboardName)
        try #require(entry.outcome == "paired", "\(entry)")
    }

    var onScreen: CarAPI.Vehicle {
        get async throws { try await desk.vehicle(car.vehicleId) }
    }

    var facts: [VehicleReport.Fact] {
        get async throws { try await store.unsentReports(limit: 100).map(\.fact) }
    }
}
