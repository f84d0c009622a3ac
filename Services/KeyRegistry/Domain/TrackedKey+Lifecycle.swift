// SPDX-License-Identifier: Apache-2.0

import Contracts

extension TrackedKey {
    /// Sharing policy said yes: the key goes into the vehicle document.
    func approve() throws(RegistryError) -> KeyChange {
        try moved(to: .active, from: [.tracked], "approve", concernsVehicle: true)
    }

    /// Sharing policy said no; the car may know the key already, so the document ends it.
    func reject() throws(RegistryError) -> KeyChange {
        try moved(to: .rejected, from: [.tracked], "reject", concernsVehicle: true)
    }

    /// An order is carried out; a repeat of the same order changes nothing.
    func carryOut(_ action: KeyAction, order: String) throws(RegistryError) -> KeyChange {
        var change: KeyChange
        switch action {
        case .terminate where state.state == .terminatedOnDevice:
            change = KeyChange(key: self, from: state.state, concernsVehicle: true)
        case .terminate:
            change = try moved(
                to: .terminationRequested, from: [.active, .suspended, .tracked], "terminate",
                concernsVehicle: true)
        case .suspend:
            change = try moved(to: .suspended, from: [.active], "suspend", concernsVehicle: true)
        case .resume:
            change = try moved(to: .active, from: [.suspended], "resume", concernsVehicle: true)
        }
        change.key.orderId = order
        return change
    }

    /// Whether nothing is left to do for `action`.
    func isAlready(_ action: KeyAction) -> Bool {
        switch action {
        case .terminate: inDocument == .terminated
        case .suspend: state.state == .suspended
        case .resume: state.state == .active
        }
    }

    /// The car confirmed the document that ends the key.
    func confirmedByVehicle() throws(RegistryError) -> KeyChange {
        let next: KeyState = state.state == .terminatedOnDevice ? .terminated : .terminatedInVehicle
        return try moved(
            to: next, from: [.terminationRequested, .terminatedOnDevice], "confirm in the vehicle",
            concernsVehicle: false)
    }

    /// The key was removed at the car's own screen: the car needs no document to know.
    func removedInVehicle() throws(RegistryError) -> KeyChange {
        let next: KeyState = state.state == .terminatedOnDevice ? .terminated : .terminatedInVehicle
        return try moved(
            to: next,
            from: [.active, .suspended, .tracked, .terminationRequested, .terminatedOnDevice],
            "remove in the vehicle", concernsVehicle: true)
    }

    /// The device proved the end; `proof` is the hex DER of its Termination object.
    func provedByDevice(_ proof: String) throws(RegistryError) -> KeyChange {
        let next: KeyState =
            state.state == .terminatedInVehicle || state.state == .rejected
            ? .terminated : .terminatedOnDevice
        var change = try moved(
            to: next,
            from: [
                .active, .suspended, .tracked, .terminationRequested, .terminatedInVehicle,
                .rejected,
            ], "end on the device", concernsVehicle: false)
        change.proof = proof
        return change
    }

    /// How the vehicle document shows this key.
    var inDocument: VehicleDocument.Key.State? {
        switch state.state {
        case .active: .active
        case .suspended: .suspended
        case .terminationRequested, .terminatedInVehicle, .terminatedOnDevice, .terminated,
            .rejected:
            .terminated
        case .tracked: nil
        }
    }

    private func moved(
        to next: KeyState, from allowed: [KeyState], _ action: String, concernsVehicle: Bool
    ) throws(RegistryError) -> KeyChange {
        guard allowed.contains(state.state) else {
            throw state.state == .terminated
                ? .keyTerminated : .keyState(from: state.state, action: action)
        }
        var key = self
        key.state.state = next
        return KeyChange(
            key: key, from: state.state, concernsVehicle: concernsVehicle, proof: nil)
    }
}
