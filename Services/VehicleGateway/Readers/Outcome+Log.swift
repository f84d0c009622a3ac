// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyProtocol

extension Outcome {
    /// The word of the log.
    var word: String {
        switch result {
        case .unlocked: "unlocked"
        case .locked: "locked"
        case .driveReady: "drive"
        case .paired: "paired"
        case .present: "present"
        case .refused: "refused"
        case .aborted: "aborted"
        }
    }

    /// Whether the car does something.
    var changesVehicle: Bool {
        switch result {
        case .unlocked, .locked, .driveReady: true
        case .present, .paired, .refused, .aborted: false
        }
    }

    /// Whether a code from the car's screen did its work in this tap: a new key is stored, or the code
    /// was wrong. A key the car refused for another reason leaves it to the next one.
    var usedActivationCode: Bool {
        guard transaction == .firstFriend else { return false }
        if case .refused(_, .needsAuthentication) = result { return true }
        return keyId != nil
    }
}

extension Tap {
    /// The line of the log.
    func entry(at now: Instant) -> CarAPI.LogEntry {
        CarAPI.LogEntry(
            id: 0, at: now, reader: place.role.rawValue,
            outcome: outcome?.word ?? "aborted",
            text: sentence,
            transaction: outcome?.transaction?.rawValue, keyId: outcome?.keyId,
            controlFlow: controlFlow, apdus: apdus, milliseconds: milliseconds)
    }
}

extension Tap {
    /// What happened, for a person; a broken tap says what broke it.
    var sentence: String {
        guard let outcome else { return note ?? "The tap ended before it began." }
        if let remark { return "\(outcome.sentence) \(remark)" }
        guard case .aborted = outcome.result, let note else { return outcome.sentence }
        return "\(outcome.sentence) (\(note))"
    }
}

extension ReaderRole {
    /// Where phones are told the reader is; a radio says nothing.
    var position: ReaderPosition? {
        switch self {
        case .door: .door
        case .dashboard: .dashboard
        case .trunk: .trunk
        case .approach: nil
        }
    }

    /// What the car wants of a phone here: doors toggle, the trunk opens, the dashboard pairs or drives, and of a
    /// phone that came near it wants to know the key before it looks where the phone is.
    func purpose(for vehicle: StoredVehicle) -> ReaderSession.Purpose {
        switch self {
        case .door: .transaction(vehicle.locked ? .unlock : .lock)
        case .dashboard: .dashboard
        case .trunk: .trunk
        case .approach: .transaction(.presence)
        }
    }

    /// How phones are reached here.
    var interface: Interface { self == .approach ? .wired : .contactless }
}
