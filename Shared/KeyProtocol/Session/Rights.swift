// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import PKI

/// Check 9: may this key do this now (PROTOCOL 8.9)? The token is read afterwards.
enum Rights {
    /// The first reason against it: right, validity, receipt; none when it may.
    static func objection(
        to code: TransactionCode, by key: KeyRecord, in car: Car
    ) -> ControlFlow.Hint? {
        guard allows(key.config.profile, code) else { return .rightMissing }
        guard isValidNow(key.config, code, car) else { return .notValidNow }
        let needsReceipt = code == .drive && car.rights.contains(.receiptToDrive)
        return needsReceipt && !key.receiptSeen ? .receiptMissing : nil
    }

    /// Whether a reader at the trunk may open it: a valet must not.
    static func mayOpenTrunk(_ profile: Profile) -> Bool { profile != .valet }

    /// What unlocking opens for a profile.
    static func doors(_ profile: Profile) -> Outcome.Doors {
        switch profile {
        case .valet: .withoutTrunk
        case .trunk: .trunkOnly
        case .owner, .full, .accessOnly, .limited, .service: .all
        }
    }

    /// The table of profiles; code 04 belongs to a pending owner key, which is not asked here.
    private static func allows(_ profile: Profile, _ code: TransactionCode) -> Bool {
        switch code {
        case .pairing: false
        case .drive: profile != .accessOnly && profile != .trunk
        case .unlock, .lock, .maintenance, .presence: true
        }
    }

    /// Without trusted time a key with an end or a schedule may enter but not drive.
    private static func isValidNow(
        _ config: KeyConfig, _ code: TransactionCode, _ car: Car
    ) -> Bool {
        guard car.record.hasTrustedTime else {
            return code != .drive || !config.needsTrustedTime
        }
        let local = car.localTime
        return config.isValid(at: car.now)
            && config.allows(weekday: local.weekday, minute: local.minuteOfDay)
    }
}
