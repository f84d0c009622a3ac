// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers

/// An order to end, suspend or resume a key on its way through car and device.
struct Order: Codable, Equatable, Sendable {
    var orderId: String
    var action: KeyAction
    var keyId: KeyID
    var vehicleId: VehicleID
    var requester: Requester
    /// The device OEM of the key.
    var deviceOemId: String
    /// Hex DER of the owner's signed ServerRequest.
    var request: String?
    /// Hex DER of the ServerCommand signed by the automaker.
    var command: String?
    var stage: RevocationStage
    /// The vehicle document that says so.
    var documentVersion: Int?
    /// The device proved the end, maybe before the car confirmed.
    var provedByDevice: Bool
    var requestedAt: Instant

    /// An order that was accepted.
    init(_ received: OrderReceived) {
        orderId = received.orderId
        action = received.action
        keyId = received.keyId
        vehicleId = received.vehicleId
        requester = received.requester
        deviceOemId = received.deviceOemId
        request = received.request
        stage = .requested
        // Whoever deletes the own key has proved it with the same call.
        provedByDevice = received.requester == .holder
        requestedAt = received.receivedAt
    }

    /// The registry wrote the vehicle document `version`, which carries the order to the car.
    func documented(_ version: Int, command: String?) -> Order {
        guard stage == .requested else { return self }
        var next = self
        next.stage = .inDocument
        next.documentVersion = version
        next.command = command
        return next
    }

    /// The car applied its document up to `version`.
    func confirmed(_ version: Int) -> Order {
        guard stage == .inDocument, let documentVersion, documentVersion <= version else {
            return self
        }
        var next = self
        next.stage = needsDevice ? .vehicleConfirmed : .done
        return next
    }

    /// The device OEM took the call.
    func told() -> Order {
        guard stage == .vehicleConfirmed else { return self }
        var next = self
        next.stage = action == .terminate ? .deviceTold : .done
        return next
    }

    /// The device proved the end of the key.
    func proved() -> Order {
        var next = self
        next.provedByDevice = true
        if stage == .vehicleConfirmed || stage == .deviceTold { next.stage = .done }
        return next
    }

    /// The registry cannot carry it out, and never will.
    func refused() -> Order {
        guard stage == .requested else { return self }
        var next = self
        next.stage = .failed
        return next
    }

    /// The key has ended on both sides, whichever order did it; nothing is left to suspend either.
    func ended() -> Order {
        guard stage != .failed else { return self }
        var next = self
        next.stage = .done
        return next
    }

    /// Whether the device still has to hear of it once the car confirmed.
    private var needsDevice: Bool {
        switch requester {
        case .holder,
            .deviceOEM where action != .terminate:
            false
        default: !provedByDevice
        }
    }
}
