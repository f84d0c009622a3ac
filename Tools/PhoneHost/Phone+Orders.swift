// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import DeviceOEM
internal import Foundation
internal import Identifiers
internal import PKI
internal import ServiceKit
internal import VirtualPhone

// Orders that came for this phone, and the proofs it gives.

extension Phone {
    /// Carries out what automakers and owners ordered, after checking who signed it.
    ///
    /// When a car has called a key ended, the order may be a moment behind: wait for it a little.
    func carryOutOrders(
        _ report: inout SyncReport, _ progress: (String) -> Void
    ) async throws {
        var orders = try waitingOrders()
        if orders.isEmpty && !extras.suspects.isEmpty {
            progress("a car called a key ended: waiting for the order about it …")
        }
        for _ in 0..<50 where orders.isEmpty && !extras.suspects.isEmpty {
            try await Task.sleep(for: .milliseconds(100))
            orders = try waitingOrders()
        }
        for order in orders {
            let what = "\(order.action.rawValue) of the key for \(vehicleName(of: order.keyId))"
            do {
                try carryOut(order)
                try save()
                try maker.store.close(order, outcome: "done")
                report.done.append(Self.sentence(order, vehicleName(of: order.keyId)))
            } catch let error as PhoneError {
                try save()
                let isRepeat = error == .replayed
                try maker.store.close(order, outcome: isRepeat ? "repeated" : "refused")
                if !isRepeat { report.fail("an order was refused (\(what))", error) }
            }
        }
        let ordered = Set(orders.map(\.keyId))
        for key in extras.suspects where !ordered.contains(key) {
            report.waiting.append(
                "a car calls the key for \(vehicleName(of: key)) ended, and no order about it has come: ask the owner of the car"
            )
        }
        extras.suspects = []
        try save()
    }

    private func waitingOrders() throws -> [DeviceOEMStore.Order] {
        try maker.store.waitingOrders(of: card.state.keys.map(\.id) + card.state.ended.map(\.id))
    }

    private func carryOut(_ order: DeviceOEMStore.Order) throws {
        if let text = order.serverCommand, let der = Data(base64Encoded: text) {
            let command = try parsed { () throws(PKIError) in
                try ServerCommand(parsing: Array(der))
            }
            guard command.keyId == order.keyId else {
                throw PhoneError.mismatch("the command is for another key")
            }
            _ = try card.carryOut(command, at: clock.now)
            return
        }
        guard let text = order.ownerRequest, let der = Data(base64Encoded: text) else {
            throw PhoneError.mismatch("the order is not signed")
        }
        let request = try parsed { () throws(PKIError) in try ServerRequest(parsing: Array(der)) }
        guard let requester = try ownerKey(behind: order.keyId, request) else {
            throw PhoneError.mismatch("the owner's signature cannot be checked")
        }
        _ = try card.carryOut(request, requester: requester, at: clock.now)
    }

    private func parsed<Object>(_ parse: () throws(PKIError) -> Object) throws -> Object {
        do throws(PKIError) { return try parse() } catch { throw PhoneError.object(error) }
    }

    private static func sentence(_ order: DeviceOEMStore.Order, _ vehicle: String) -> String {
        let by = order.ownerRequest == nil ? "the automaker" : "the owner"
        return switch order.action {
        case .terminate: "the key for \(vehicle) was ended by \(by)"
        case .suspend: "the key for \(vehicle) was suspended by \(by)"
        case .resume: "the key for \(vehicle) was resumed by \(by)"
        }
    }

    /// Sends the signed Termination of every ended key that its automaker has not taken yet.
    func proveEnds(_ partners: PartnerClient, _ report: inout SyncReport) async throws {
        for ended in card.state.ended where !extras.proven.contains(ended.id) {
            do {
                try await prove(ended, partners)
                report.done.append("the automaker has the proof that key \(ended.id) has ended")
            } catch {
                report.fail("the end of key \(ended.id) is not proven yet", error)
            }
            try save()
        }
    }

    private func prove(_ ended: EndedKey, _ partners: PartnerClient) async throws {
        let known = try maker.store.keys().first { $0.keyId == ended.id }
        guard let name = known?.vehicleOemId else {
            return extras.proven.append(ended.id)
        }
        let automaker = try maker.automaker(name)
        do {
            try await partners.prove(Termination(parsing: ended.termination), to: automaker)
        } catch DeviceOEMError.refused(_, let status, _, _) where status == 404 || status == 410 {
            // The automaker never knew the key, or has forgotten it.
        } catch DeviceOEMError.noServer {
            // Nobody wants the proof.
        }
        extras.proven.append(ended.id)
    }
}
