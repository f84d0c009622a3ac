// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// Tells device OEMs of orders that the car has confirmed, until they take it.
///
/// A call whose answer was lost is made again with the same `x-requestId`: the other side answers a
/// repeat as it answered the first.
struct DeviceCaller: Service {
    let database: Database
    let desk: RevocationDesk
    let client: OutboundClient
    let vehicleOemId: String
    let host: ServiceHost

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while true {
                do {
                    let due = try await database.transaction {
                        try await OrderStore($0).takeDue(limit: 20)
                    }
                    // Side by side, so that one server that does not answer holds up nobody.
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for call in due { group.addTask { try await make(call) } }
                        try await group.waitForAll()
                    }
                } catch is CancellationError {
                    return
                } catch {
                    host.logger.warning(
                        "calls to device OEMs wait", metadata: ["reason": "\(error)"])
                }
                do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
            }
        }
    }

    private func make(_ call: DueCall) async throws {
        let order = call.order
        do {
            let partner = try await database.transaction {
                try await DirectoryStore($0).partner(order.deviceOemId)
            }
            guard let partner, let server = partner.server else {
                throw CallRefused("the device OEM \(order.deviceOemId) has no server for calls")
            }
            try await send(order, to: server, roots: partner.tlsRoot)
            try await database.transaction { try await desk.told(order.orderId, in: $0) }
        } catch let error as CancellationError {
            throw error
        } catch {
            host.logger.info(
                "the device OEM was not reached",
                metadata: ["order": "\(order.orderId)", "attempts": "\(call.attempts)"])
            try await database.transaction {
                try await OrderStore($0).postpone(
                    order.orderId, attempts: call.attempts, reason: "\(error)")
            }
        }
    }

    private func send(_ order: Order, to server: String, roots: String?) async throws {
        let body = PartnerAPI.ManageKeyRequest(
            keyID: order.keyId, action: order.action,
            serverRemoteTerminationRequest: try order.command.map(Self.base64),
            ownerRequest: try order.request.map(Self.base64))
        let answer = try await client.send(
            "POST", server + PartnerAPI.Path.manageKey,
            headers: [
                ("content-type", "application/json"),
                (PartnerAPI.Header.requestId, Self.requestId(order)),
                (PartnerAPI.Header.timestamp, "\(host.clock.milliseconds)"),
                (PartnerAPI.Header.vehicleOemId, vehicleOemId),
            ], body: try JSONBody.encode(body), roots: roots.map { Array($0.utf8) })
        // 404 and 410: the device OEM no longer has the key, so nobody is left to be told.
        guard [200, 404, 410].contains(answer.status) else {
            throw CallRefused("manageKey was answered with \(answer.status)")
        }
    }

    /// The id of the call follows from the order, so that a repeat is one.
    private static func requestId(_ order: Order) -> String { "\(order.orderId)-device" }

    private static func base64(_ hex: String) throws -> String {
        Data(try [UInt8](hex: hex)).base64EncodedString()
    }
}

/// A call that was not taken.
struct CallRefused: Error, CustomStringConvertible {
    let description: String

    init(_ reason: String) { description = reason }
}
