// SPDX-License-Identifier: Apache-2.0

import Contracts
import DeviceOEM
import Foundation
import Identifiers
import KeyCrypto
import ServiceTestKit
import TestKit
import Testing

/// An order to end a shared key on its whole way (docs/events.md): real executables, real broker,
/// real PostgreSQL, the device OEM's server over mutual TLS.
@Suite struct SagaTests {
    @Test(arguments: BrokerKind.all())
    func `an order ends a key once, whatever dies, comes twice, comes late or is forged`(
        on kind: BrokerKind
    ) async throws {
        try await SagaBench.run(on: kind) { saga in
            var registry = try await saga.startRegistry()
            var revocation = try await saga.startRevocation()
            let (owner, friend) = try await saga.ownerAndFriend()

            // Nobody but the owner ends the friend's key.
            let refused = [
                (try friend.wish(by: friend.key, as: friend.keyId), 403),
                (try friend.wish(by: friend.key, as: owner.keyId), 422),
                (try friend.proof(by: owner.key), 422),
            ]
            for (body, status) in refused {
                #expect(try await saga.manageKey(body) == status)
            }

            // The owner's wish, twice, at a registry that is cut off and dies with it.
            try await revocation.crash()
            saga.broker.proxy?.setWeather(.partition)
            for _ in 0..<2 {
                #expect(
                    try await saga.manageKey(friend.wish(by: owner.key, as: owner.keyId)) == 200)
            }
            try await registry.crash()
            saga.broker.proxy?.setWeather(.clear)
            registry = try await saga.startRegistry()
            revocation = try await saga.startRevocation()
            let version = try #require(
                try await saga.reach(.inDocument).order.documentVersion)
            #expect(try await saga.state(of: friend) == .terminationRequested)

            // The car is at an earlier document, and somebody says otherwise in its name.
            try await saga.report(7, .documentApplied(version: version - 1))
            try await saga.report(20, .documentApplied(version: version), by: friend.key)
            try await eventually("the earlier document", within: .seconds(60)) {
                try await saga.vehicle().confirmedVersion == version - 1
            }
            #expect(try await saga.standings().map(\.order.stage) == [.inDocument])

            // The car confirms; its reports come twice and in the wrong order.
            try await revocation.crash()
            for sequence in [9, 8, 9] {
                try await saga.report(sequence, .documentApplied(version: version))
            }
            saga.broker.proxy?.reset()
            try await eventually("the confirmation", within: .seconds(60)) {
                try await saga.state(of: friend) == .terminatedInVehicle
            }
            let metrics = try #require(await registry.probe("/metrics"))
            #expect(metrics.body.contains("latchkey_dlq_records_total"), "the forged report")

            // The device OEM is away for a while.
            revocation = try await saga.startRevocation()
            try await eventually("a call in vain", within: .seconds(60)) {
                try await saga.standings().contains { $0.attempts > 0 && $0.lastError != nil }
            }
            #expect(try await saga.standings().map(\.order.stage) == [.vehicleConfirmed])
            let deviceOEM = saga.openDeviceOEM()
            defer { deviceOEM.cancel() }
            try await eventually("the device OEM's queue", within: .seconds(60)) {
                try await saga.hurry()
                return try saga.maker.store.waitingOrders(of: [friend.keyId]).count == 1
            }
            // Perhaps before it could write down that the call was taken.
            try await revocation.crash()
            revocation = try await saga.startRevocation()
            try await saga.reach(.deviceTold)
            let told = try saga.maker.store.waitingOrders(of: [friend.keyId])
            #expect(told.map(\.action) == [.terminate])
            #expect(told.first?.ownerRequest != nil && told.first?.serverCommand != nil)

            // The device proves the end, twice, around a death.
            #expect(try await saga.manageKey(friend.proof()) == 200)
            try await revocation.crash()
            #expect(try await saga.manageKey(friend.proof()) == 200)
            revocation = try await saga.startRevocation()
            try await saga.reach(.done)
            try await expectOnce(saga, friend)

            // Too late for anything else; the same order is answered as before.
            #expect(try await saga.manageKey(friend.wish(by: owner.key, as: owner.keyId)) == 200)
            _ = try await (registry.terminate(), revocation.terminate())
        }
    }

    @Test func `a key that sharing policy refuses ends on its device too`() async throws {
        try await SagaBench.run(on: .development) { saga in
            let registry = try await saga.startRegistry()
            let revocation = try await saga.startRevocation()
            let deviceOEM = saga.openDeviceOEM()
            defer { deviceOEM.cancel() }
            let (_, friend) = try await saga.ownerAndFriend(isApproved: false)
            let version = try #require(try await saga.reach(.inDocument).order.documentVersion)
            try await saga.report(1, .documentApplied(version: version))
            try await saga.reach(.deviceTold)
            let told = try saga.maker.store.waitingOrders(of: [friend.keyId])
            #expect(told.map(\.action) == [.terminate])
            #expect(told.first?.ownerRequest == nil && told.first?.serverCommand != nil)
            #expect(try await saga.manageKey(friend.proof()) == 200)
            try await saga.reach(.done)
            #expect(try await saga.state(of: friend) == .terminated)
            _ = try await (registry.terminate(), revocation.terminate())
        }
    }

    /// Each step was taken once, and the car got one document for each change.
    private func expectOnce(_ saga: SagaBench, _ friend: KeyMaker) async throws {
        #expect(
            try await saga.stagesSaid() == [
                "REQUESTED", "IN_DOCUMENT", "VEHICLE_CONFIRMED", "DEVICE_TOLD", "DONE",
            ])
        let changes = try await saga.registry.said(KeyStateChanged.self)
            .filter { $0.tracked.keyId == friend.keyId }
        #expect(
            changes.map(\.tracked.state) == [
                .active, .terminationRequested, .terminatedInVehicle, .terminated,
            ])
        // Vehicle, owner, friend, the end of the friend.
        #expect(try await saga.vehicle().documentVersion == 4)
        #expect(try saga.maker.store.waitingOrders(of: [friend.keyId]).count == 1)
    }
}
