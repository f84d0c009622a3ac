// SPDX-License-Identifier: Apache-2.0

internal import DeviceOEM
internal import Identifiers
internal import ServiceKit
internal import VirtualPhone

extension Phone {
    /// Lost mode: every active key is suspended, or every suspended one resumed. An automaker who
    /// cannot be told now is told at the next sync.
    ///
    /// - Parameter offline: no automaker is told.
    public func setLost(_ isLost: Bool, offline: Bool = false) async throws -> SyncReport {
        try checkPower()
        var report = SyncReport()
        let before: KeyPhase = isLost ? .active : .suspended
        let id = "\(clock.milliseconds)"
        for key in card.state.keys where card.element.phase(of: key.id) == before {
            if isLost { try card.suspendKey(key.id) } else { try card.resumeKey(key.id) }
            // Only the last word about a key is told.
            extras.lostMode =
                (extras.lostMode ?? []).filter { $0.key != key.id }
                + (offline ? [] : [.init(key: key.id, isLost: isLost, id: id)])
            try save()
            report.done.append(
                "the key for \(vehicleName(of: key.id)) is \(isLost ? "suspended" : "active again")"
            )
        }
        guard !offline else { return report }
        try await withPartners { try await tellLostMode($0, &report) }
        return report
    }

    /// Tells automakers which keys lost mode suspended or resumed, as far as they do not know yet.
    func tellLostMode(_ partners: PartnerClient, _ report: inout SyncReport) async throws {
        for change in extras.lostMode ?? [] {
            do {
                if let key = try? card.state.key(change.key) {
                    try await partners.order(
                        suspended: change.isLost, key: change.key, id: change.id,
                        to: maker.automaker(key.automaker))
                }
            } catch DeviceOEMError.refused(_, 409, "KEY_STATE", _) where !change.isLost {
                // It was suspended without a network: the automaker never heard of it.
            } catch let error as DeviceOEMError {
                let isOver = error.isLasting
                report.waiting.append(
                    "the automaker was not told\(isOver ? "" : ", which the next sync does"): \(error)"
                )
                guard isOver else { continue }
            }
            extras.lostMode?.removeAll { $0 == change }
            try save()
        }
    }
}

extension DeviceOEMError {
    /// Whether the same call would fail again.
    fileprivate var isLasting: Bool {
        switch self {
        case .refused(_, let status, _, _): status < 500 && status != 429
        case .noServer: true
        default: false
        }
    }
}
