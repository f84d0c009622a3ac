// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Messaging
import Postgres
import ServiceKit

/// Orders that the car has confirmed, of which device OEMs have to be told.
struct DeviceCalls: CallQueue {
    let desk: RevocationDesk
    let vehicleOemId: String
    let clock: WallClock

    func takeDue(in transaction: Transaction) async throws -> [QueuedCall] {
        try await OrderStore(transaction).takeDue(limit: 20).map { due in
            QueuedCall(
                id: due.order.orderId, recipient: due.order.deviceOemId, attempts: due.attempts
            ) { try request(due.order) }
        }
    }

    func destination(of call: QueuedCall, in transaction: Transaction) async throws
        -> CallDestination?
    {
        let partner = try await DirectoryStore(transaction).partner(call.recipient)
        return partner?.server.map { CallDestination(server: $0, roots: partner?.tlsRoot) }
    }

    func settled(_ call: QueuedCall, in transaction: Transaction) async throws {
        try await desk.told(call.id, in: transaction)
    }

    func postpone(_ call: QueuedCall, reason: String, in transaction: Transaction) async throws {
        try await OrderStore(transaction).postpone(
            call.id, attempts: call.attempts, reason: reason)
    }

    private func request(_ order: Order) throws -> QueuedCall.Request {
        let body = PartnerAPI.ManageKeyRequest(
            keyID: order.keyId, action: order.action,
            serverRemoteTerminationRequest: try order.command.map(Self.base64),
            ownerRequest: try order.request.map(Self.base64))
        return .init(
            path: PartnerAPI.Path.manageKey,
            headers: PartnerAPI.Header.ofVehicleOEM(
                vehicleOemId, requestId: "\(order.orderId)-device", at: clock.milliseconds),
            body: try JSONBody.encode(body))
    }

    private static func base64(_ hex: String) throws -> String {
        Data(try [UInt8](hex: hex)).base64EncodedString()
    }
}
