// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import KeyRegistry

/// A flood of requests for pairing passwords at a real process; each password costs 32 MiB.
@Suite struct PasswordFloodTests {
    @Test func `a flood of password requests is refused beyond two at a time`() async throws {
        let bench = try await RegistryBench.make(kafka: "127.0.0.1:\(FreePort.take())")
        let service = try await RunningService.ready(
            "key-registry", environment: bench.environment)
        let callers = try await callers(6, at: bench)
        // Once alone, so that what one password costs is in the first figure.
        #expect(try await callers[0].ask().status == 200)
        let before = try peak(of: service)

        // Six at once, a password each, would want 160 MiB more.
        let requests = 20
        var statuses: [Int: Int] = [:]
        var slowest = Duration.zero
        try await withThrowingTaskGroup(of: OutboundClient.Answer.self) { group in
            for _ in 0..<requests {
                for caller in callers { group.addTask { try await caller.ask() } }
            }
            // Meanwhile somebody asks for something else.
            for _ in 0..<10 {
                let start = ContinuousClock.now
                #expect(try await bench.api("GET", "/operator/v1/vehicles").status == 200)
                slowest = max(slowest, .now - start)
            }
            for try await answer in group {
                statuses[answer.status, default: 0] += 1
                if answer.status == 429 { #expect(answer.headers["retry-after"] == "1") }
            }
        }
        #expect(Set(statuses.keys) == [200, 429], "\(statuses)")
        #expect(statuses.values.reduce(0, +) == requests * callers.count)
        let growth = try peak(of: service) - before
        #expect(growth < 96 << 20, "\(growth >> 20) MiB more at the peak")
        #expect(slowest < .seconds(3), "another call took \(slowest)")

        // Afterwards it is as before.
        for caller in callers { #expect(try await caller.ask().status == 200) }
        #expect(try await service.terminate() == 0)
        try? FileManager.default.removeItem(at: bench.folder)
        try await bench.end()
    }

    @Test func `an account is served once at a time, and leaves room for another`() async throws {
        let gate = Gate()
        let maker = PasswordMaker(random: gate.random)
        async let first = maker.serve("anna") { try await maker.make() }
        try await eventually("the first has begun") { gate.waiting == 1 }
        await #expect(throws: RegistryError.busy) { try await maker.serve("anna") {} }
        async let second = maker.serve("bert") { try await maker.make() }
        try await eventually("the second has begun") { gate.waiting == 2 }
        await #expect(throws: RegistryError.busy) { try await maker.serve("cleo") {} }
        gate.open()
        #expect(try await first.password.exposed != (try await second.password.exposed))
        await #expect(throws: RegistryError.notBound) {
            try await maker.serve("anna") { throw RegistryError.notBound }
        }
        try await maker.serve("anna") {}
    }

    /// An owner's app with its car.
    private struct Caller {
        let bench: RegistryBench
        let path: String
        let token: String

        func ask() async throws -> OutboundClient.Answer {
            try await bench.api("POST", path, token: token)
        }
    }

    /// Owners of factory-new cars.
    private func callers(_ count: Int, at bench: RegistryBench) async throws -> [Caller] {
        var callers: [Caller] = []
        for number in 1...count {
            let id = VehicleID(uncheckedBytes: [UInt8](repeating: UInt8(number), count: 8))
            let account = "owner-\(number)"
            let request = try bench.vehicleRequest(
                vin: "1HGCM82633A00435\(number)", account: account, id: id)
            let added = try await bench.api(
                "POST", "/operator/v1/vehicles", JSONBody.encode(request))
            try #require(added.status == 201)
            callers.append(
                Caller(
                    bench: bench, path: "/app/v1/vehicles/\(id)/pairing",
                    token: try OrderAndReportTests.token(account, by: bench.appKey)))
        }
        return callers
    }

    /// The most memory the process has had, in bytes (`VmHWM`).
    private func peak(of service: RunningService) throws -> Int {
        let path = "/proc/\(service.processID)/status"
        let status = try String(contentsOfFile: path, encoding: .utf8)
        let found = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/))
        return try #require(Int(found.output.1)) << 10
    }
}

/// Random bytes that come only once the gate is open.
private final class Gate: Sendable {
    private let condition = Condition()

    private final class Condition: @unchecked Sendable {
        let lock = NSCondition()
        // Guarded by `lock`.
        var isOpen = false
        var waiting = 0
    }

    var waiting: Int { condition.lock.withLock { condition.waiting } }

    var random: RandomSource {
        RandomSource { [condition] count, purpose in
            condition.lock.withLock {
                condition.waiting += 1
                // A test that failed opens no gate, and must end all the same.
                let limit = Date(timeIntervalSinceNow: 60)
                while !condition.isOpen, condition.lock.wait(until: limit) {}
            }
            return RandomSource.system.bytes(count, for: purpose)
        }
    }

    func open() {
        condition.lock.withLock {
            condition.isOpen = true
            condition.lock.broadcast()
        }
    }
}
