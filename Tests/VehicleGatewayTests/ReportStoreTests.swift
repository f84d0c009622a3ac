// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import TestKit
import Testing

@testable import VehicleGateway

/// Reports on board, from the fact to the broker's word.
@Suite struct ReportStoreTests {
    @Test func `only confirmed reports beyond the limit are dropped`() async throws {
        try await CarBench.run { bench in
            try await bench.provision()
            try await bench.queue(6)
            let queued = try await bench.store.unsentReports(limit: 100)
            #expect(queued.map(\.sequence) == [1, 2, 3, 4, 5, 6])
            // The second was not confirmed: it stays, whatever its age.
            let confirmed = queued.filter { $0.sequence != 2 }
            try await bench.store.markSent(confirmed, keeping: 3)
            #expect(try await bench.store.unsentReports(limit: 100).map(\.sequence) == [2])
            try await bench.store.markAllUnsent()
            let left = try await bench.store.unsentReports(limit: 100)
            #expect(left.map(\.sequence) == [2, 4, 5, 6])
            // Numbers go on where they were.
            try await bench.store.markSent(left, keeping: 0)
            try await bench.queue(1)
            #expect(try await bench.store.unsentReports(limit: 100).map(\.sequence) == [7])
        }
    }

    @Test func `a report has the same event id whenever it is sent`() throws {
        let report = QueuedReport(
            vehicleId: try TestCar().vehicleId, sequence: 7, at: TestPKI.start,
            fact: .documentApplied(version: 1))
        let other = QueuedReport(
            vehicleId: report.vehicleId, sequence: 8, at: report.at, fact: report.fact)
        #expect(ReportSigner.eventId(of: report) == ReportSigner.eventId(of: report))
        #expect(ReportSigner.eventId(of: report) != ReportSigner.eventId(of: other))
        #expect(ReportSigner.eventId(of: report).utf8.count == 36)
    }
}

extension CarBench {
    /// Queues `count` facts, one transaction each.
    func queue(_ count: Int) async throws {
        for version in 1...count {
            try await store.change(car.vehicleId, at: TestPKI.start) { _, facts in
                facts.append(.documentApplied(version: version))
            }
        }
    }
}
