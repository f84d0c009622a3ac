// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// Slot ids an owner wants ended, in the OEM area (PROTOCOL 10.2, 10.7).
///
/// ```text
/// { tag(1) length(1) value }* 00…        C1 = n × slot id, n ≤ 20
/// ```
struct RetireList {
    private(set) var slots: [SlotID] = []
    /// Whether tag 00 was reached.
    private(set) var isComplete = false

    /// Reads up to the first tag 00; an area that breaks off gives what came before.
    init(oemArea: [UInt8]) {
        var reader = ByteReader(oemArea)
        while let tag = try? reader.readByte() {
            isComplete = tag == 0
            guard !isComplete, let count = try? reader.readByte(),
                let value = try? reader.read(Int(count))
            else { return }
            guard tag == MailboxLayout.retireListTag, value.count.isMultiple(of: 2),
                value.count <= 2 * Limits.retireList
            else { continue }
            slots += stride(from: 0, to: value.count, by: 2).compactMap {
                try? SlotID(value.dropFirst($0).prefix(2))
            }
        }
    }
}
