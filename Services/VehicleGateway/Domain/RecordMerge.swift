// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol

/// Brings together two changes of one vehicle record that began from the same record.
///
/// Phones on both readers of a car, and a document that arrives meanwhile, change the record at
/// once, each as a whole record. Here they are compared part by part, and key by key, with the
/// record both began from. What only one side changed is taken from that side. What both changed
/// differently is a `conflict`: nobody guesses, the later one starts again.
enum RecordMerge {
    /// `theirs` with the changes from `base` to `mine`.
    static func merged(
        base: VehicleRecord, mine: VehicleRecord, theirs: VehicleRecord
    ) throws(GatewayError) -> VehicleRecord {
        if base == theirs { return mine }
        var result = theirs
        result.identity = try part(base.identity, mine.identity, theirs.identity)
        result.configuration = try part(
            base.configuration, mine.configuration, theirs.configuration)
        result.pairing = try part(base.pairing, mine.pairing, theirs.pairing)
        result.pending = try part(base.pending, mine.pending, theirs.pending)
        result.slots = try part(base.slots, mine.slots, theirs.slots)
        result.hasTrustedTime = try part(
            base.hasTrustedTime, mine.hasTrustedTime, theirs.hasTrustedTime)
        result.keys = try keys(base, mine, theirs)
        return result
    }

    /// Keys by slot id; the order (most recently used first) is that of `mine`, which comes later.
    private static func keys(
        _ base: VehicleRecord, _ mine: VehicleRecord, _ theirs: VehicleRecord
    ) throws(GatewayError) -> [KeyRecord] {
        let order = mine.keys.map(\.slotId) + theirs.keys.map(\.slotId)
        var seen: Set<SlotID> = []
        var result: [KeyRecord] = []
        for slot in order where seen.insert(slot).inserted {
            if let key = try part(base.key(at: slot), mine.key(at: slot), theirs.key(at: slot)) {
                // A document suspended the key while its first tap made it known.
                if theirs.isSuspendedAhead(key.keyId) { throw .conflict }
                result.append(key)
            }
        }
        return result
    }

    private static func part<Value: Equatable>(
        _ base: Value, _ mine: Value, _ theirs: Value
    ) throws(GatewayError) -> Value {
        if mine == base || mine == theirs { return theirs }
        guard theirs == base else { throw .conflict }
        return mine
    }
}
