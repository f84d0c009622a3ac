// SPDX-License-Identifier: Apache-2.0

import Contracts

/// A reader as a vehicle names it: friendly name and slot, `Roadster Door 00`.
///
/// PC/SC lists it as `<friendly name> <index> <slot>`, for example `Roadster Door 01 00`; the index
/// depends on the order of start and means nothing.
struct ReaderName: Hashable, Sendable, CustomStringConvertible {
    let friendly: String
    let slot: String

    /// Reads `Roadster Door 00`; none without a name and a slot.
    init?(configured text: String) {
        guard let (friendly, slot) = Self.split(text), slot.utf8.count == 2 else { return nil }
        (self.friendly, self.slot) = (friendly, slot)
    }

    /// Reads what PC/SC lists; none when it has no index and slot.
    init?(listed text: String) {
        guard let (rest, slot) = Self.split(text), let (friendly, _) = Self.split(rest) else {
            return nil
        }
        (self.friendly, self.slot) = (friendly, slot)
    }

    var description: String { "\(friendly) \(slot)" }

    private static func split(_ text: String) -> (String, String)? {
        guard let space = text.lastIndex(of: " "), space != text.startIndex else { return nil }
        let last = String(text[text.index(after: space)...])
        return last.isEmpty ? nil : (String(text[..<space]), last)
    }
}

/// What a reader is for; `approach` is the radio, where phones come near without a tap.
enum ReaderRole: String, Sendable {
    case door, dashboard, trunk, approach
}

extension CarAPI.Readers {
    /// Readers a car may have besides door, dashboard and trunk.
    static let furtherDoorLimit = 8

    /// Every reader of the car by its configured name.
    var places: [(name: String, role: ReaderRole)] {
        [(door, .door), (dashboard, .dashboard)] + (furtherDoors ?? []).map { ($0, .door) }
            + [trunk].compactMap { $0.map { ($0, .trunk) } }
    }
}
