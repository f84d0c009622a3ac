// SPDX-License-Identifier: Apache-2.0

import Contracts
import Messaging
import Postgres
import ServiceKit

/// Notices that device OEMs have not taken yet.
struct NoticeCalls: CallQueue {
    let desk: NoticeDesk
    let vehicleOemId: String
    let clock: WallClock

    func takeDue(in transaction: Transaction) async throws -> [QueuedCall] {
        try await NoticeStore(transaction).takeDue(limit: 50).map { due in
            QueuedCall(
                id: due.notice.id, recipient: due.notice.deviceOemId, attempts: due.attempts
            ) { try request(due.notice) }
        }
    }

    func destination(of call: QueuedCall, in transaction: Transaction) async throws
        -> CallDestination?
    {
        let partner = try await DirectoryStore(transaction).partner(call.recipient)
        return partner?.server.map { CallDestination(server: $0, roots: partner?.tlsRoot) }
    }

    func settled(_ call: QueuedCall, in transaction: Transaction) async throws {
        try await desk.delivered(call.id, in: transaction)
    }

    func postpone(_ call: QueuedCall, reason: String, in transaction: Transaction) async throws {
        try await NoticeStore(transaction).postpone(
            call.id, attempts: call.attempts, reason: reason)
    }

    private func request(_ notice: Notice) throws -> QueuedCall.Request {
        let body = PartnerAPI.EventNotificationRequest(
            keyID: notice.recipient, eventType: notice.eventType, eventData: notice.eventData)
        return .init(
            path: PartnerAPI.Path.eventNotification,
            headers: PartnerAPI.Header.ofVehicleOEM(
                vehicleOemId, requestId: notice.id, at: clock.milliseconds),
            body: try JSONBody.encode(body))
    }
}
