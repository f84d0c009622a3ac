// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import Foundation
internal import GRDB
internal import HTTPTypes
internal import Identifiers
internal import ServiceKit

/// A call of an automaker: who, by which `x-requestId`, with which body.
struct PartnerCall: Sendable {
    let vehicleOemId: String
    let requestId: String
    /// SHA-256 of call name and body.
    let digest: [UInt8]
    let at: Instant
}

extension DeviceOEMStore {
    /// How long a repeat of a call is recognised, seconds: 24 h (SERVER 1.9).
    static let memory: Int64 = 86_400

    /// Queues an order for its phone, once per `x-requestId`.
    func receive(_ order: PartnerAPI.ManageKeyRequest, by call: PartnerCall) throws {
        try once(call, about: order.keyID) { db in
            try db.execute(
                sql: """
                    INSERT INTO manageOrder
                        (vehicleOemId, keyId, action, serverCommand, ownerRequest, receivedAt)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    call.vehicleOemId, order.keyID.description, order.action.rawValue,
                    order.serverRemoteTerminationRequest, order.ownerRequest,
                    call.at.secondsSinceEpoch,
                ])
        }
    }

    /// Keeps a notification for its phone, once per `x-requestId`.
    func receive(_ event: PartnerAPI.EventNotificationRequest, by call: PartnerCall) throws {
        let data = String(decoding: try JSONBody.encode(event.eventData), as: UTF8.self)
        try once(call, about: event.keyID) { db in
            try db.execute(
                sql: """
                    INSERT INTO notification
                        (vehicleOemId, keyId, eventType, eventData, receivedAt)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    call.vehicleOemId, event.keyID.description, event.eventType, data,
                    call.at.secondsSinceEpoch,
                ])
        }
    }

    /// Runs `work` unless this call was answered before; one transaction, so that a repeat after a
    /// crash finds either all of it or nothing.
    private func once(
        _ call: PartnerCall, about key: KeyID, _ work: (Database) throws -> Void
    ) throws {
        try database.write { db in
            try db.execute(
                sql: "DELETE FROM answer WHERE answeredAt < ?",
                arguments: [call.at.secondsSinceEpoch - Self.memory])
            let earlier = try Row.fetchOne(
                db, sql: "SELECT digest FROM answer WHERE vehicleOemId = ? AND requestId = ?",
                arguments: [call.vehicleOemId, call.requestId])
            if let earlier {
                guard Array(earlier["digest"] as Data) == call.digest else {
                    throw Problem(
                        .badRequest, "MALFORMED", "x-requestId was used for another call")
                }
                return
            }
            let known = try Row.fetchOne(
                db, sql: "SELECT 1 FROM key WHERE keyId = ? AND vehicleOemId = ?",
                arguments: [key.description, call.vehicleOemId])
            guard known != nil else {
                throw Problem(.notFound, "KEY_UNKNOWN", "no phone of ours has this key")
            }
            try work(db)
            try db.execute(
                sql: "INSERT INTO answer VALUES (?, ?, ?, ?)",
                arguments: [
                    call.vehicleOemId, call.requestId, Data(call.digest),
                    call.at.secondsSinceEpoch,
                ])
        }
    }
}
