// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTPTypes
import Identifiers
import ServiceKit
import TestKit
import Testing

@testable import KeyRegistry

/// Every state against every transition; what the tables do not name is refused.
@Suite struct LifecycleTests {
    static let allowed: [String: [KeyState: KeyState]] = [
        "approve": [.tracked: .active],
        "reject": [.tracked: .rejected],
        "terminate": [
            .active: .terminationRequested, .suspended: .terminationRequested,
            .tracked: .terminationRequested, .terminatedOnDevice: .terminatedOnDevice,
        ],
        "suspend": [.active: .suspended],
        "resume": [.suspended: .active],
        "confirm": [
            .terminationRequested: .terminatedInVehicle, .terminatedOnDevice: .terminated,
        ],
        "remove": [
            .active: .terminatedInVehicle, .suspended: .terminatedInVehicle,
            .tracked: .terminatedInVehicle, .terminationRequested: .terminatedInVehicle,
            .terminatedOnDevice: .terminated,
        ],
        "prove": [
            .active: .terminatedOnDevice, .suspended: .terminatedOnDevice,
            .tracked: .terminatedOnDevice, .terminationRequested: .terminatedOnDevice,
            .terminatedInVehicle: .terminated, .rejected: .terminated,
        ],
    ]

    static func key(_ state: KeyState) throws -> TrackedKey {
        TrackedKey(
            state: TrackedKeyState(
                keyId: try KeyID(hex: String(repeating: "ab", count: 20)),
                vehicleId: try VehicleID(hex: "a1b2c3d4e5f60718"), keyType: .shared, state: state,
                deviceOemId: "acme-phones", ownerKeyId: nil, slotId: try SlotID(hex: "0203"),
                profile: 1, notBefore: TestPKI.start, notAfter: nil),
            publicKey: [4] + [UInt8](repeating: 1, count: 64))
    }

    static func change(_ key: TrackedKey, _ transition: String) throws -> KeyChange {
        switch transition {
        case "approve": try key.approve()
        case "reject": try key.reject()
        case "terminate": try key.carryOut(.terminate, order: "order-1")
        case "suspend": try key.carryOut(.suspend, order: "order-1")
        case "resume": try key.carryOut(.resume, order: "order-1")
        case "confirm": try key.confirmedByVehicle()
        case "remove": try key.removedInVehicle()
        default: try key.provedByDevice("00")
        }
    }

    @Test(arguments: allowed.keys.sorted(), KeyState.allCases)
    func `a key goes where the table says and nowhere else`(
        transition: String, from: KeyState
    ) throws {
        let key = try Self.key(from)
        guard let next = Self.allowed[transition]?[from] else {
            #expect(throws: RegistryError.self) { try Self.change(key, transition) }
            return
        }
        let change = try Self.change(key, transition)
        #expect(change.from == from && change.key.state.state == next)
        let isOrder = ["terminate", "suspend", "resume"].contains(transition)
        #expect(change.key.orderId == (isOrder ? "order-1" : nil))
        #expect(change.proof == (transition == "prove" ? "00" : nil))
        #expect(change.concernsVehicle == !["confirm", "prove"].contains(transition))
    }

    @Test func `a key that ended is gone, any other refusal is a conflict`() throws {
        #expect(throws: RegistryError.keyTerminated) {
            try Self.key(.terminated).carryOut(.suspend, order: "o")
        }
        #expect(RegistryError.keyTerminated.problem.status.code == 410)
        #expect(throws: RegistryError.keyState(from: .rejected, action: "resume")) {
            try Self.key(.rejected).carryOut(.resume, order: "o")
        }
    }

    @Test(arguments: KeyState.allCases) func `an order that is fulfilled already is known`(
        state: KeyState
    ) throws {
        let key = try Self.key(state)
        #expect(key.isAlready(.suspend) == (state == .suspended))
        #expect(key.isAlready(.resume) == (state == .active))
        #expect(key.isAlready(.terminate) == ![.active, .suspended, .tracked].contains(state))
    }
}
