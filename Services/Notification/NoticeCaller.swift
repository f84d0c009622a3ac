// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// Delivers notices to device OEMs until they take them.
struct NoticeCaller: Service {
    let database: Database
    let desk: NoticeDesk
    let client: OutboundClient
    let vehicleOemId: String
    let host: ServiceHost

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while true {
                do {
                    let due = try await database.transaction {
                        try await NoticeStore($0).takeDue(limit: 50)
                    }
                    // Side by side, so that one server that does not answer holds up nobody.
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for one in due { group.addTask { try await deliver(one) } }
                        try await group.waitForAll()
                    }
                } catch is CancellationError {
                    return
                } catch {
                    host.logger.warning("notices wait", metadata: ["reason": "\(error)"])
                }
                do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
            }
        }
    }

    private func deliver(_ due: DueNotice) async throws {
        let notice = due.notice
        do {
            let partner = try await database.transaction {
                try await DirectoryStore($0).partner(notice.deviceOemId)
            }
            guard let partner, let server = partner.server else {
                throw NotTaken("the device OEM \(notice.deviceOemId) has no server for calls")
            }
            try await send(notice, to: server, roots: partner.tlsRoot)
            try await database.transaction { try await desk.delivered(notice, in: $0) }
        } catch let error as CancellationError {
            throw error
        } catch {
            host.logger.info(
                "the device OEM was not reached",
                metadata: ["notice": "\(notice.id)", "attempts": "\(due.attempts)"])
            try await database.transaction {
                try await NoticeStore($0).postpone(
                    notice.id, attempts: due.attempts, reason: "\(error)")
            }
        }
    }

    private func send(_ notice: Notice, to server: String, roots: String?) async throws {
        let body = PartnerAPI.EventNotificationRequest(
            keyID: notice.recipient, eventType: notice.eventType, eventData: notice.eventData)
        let answer = try await client.send(
            "POST", server + PartnerAPI.Path.eventNotification,
            headers: [
                ("content-type", "application/json"), (PartnerAPI.Header.requestId, notice.id),
                (PartnerAPI.Header.timestamp, "\(host.clock.milliseconds)"),
                (PartnerAPI.Header.vehicleOemId, vehicleOemId),
            ], body: try JSONBody.encode(body), roots: roots.map { Array($0.utf8) })
        // 404 and 410: the device OEM no longer has the key, so nobody is left to be told.
        guard [200, 404, 410].contains(answer.status) else {
            throw NotTaken("eventNotification was answered with \(answer.status)")
        }
    }
}

/// A call that was not taken.
struct NotTaken: Error, CustomStringConvertible {
    let description: String

    init(_ reason: String) { description = reason }
}
