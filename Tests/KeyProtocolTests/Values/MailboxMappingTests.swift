// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import Testing

struct MailboxMappingTests {
    private func isAccepted(_ change: (inout MailboxMapping) -> Void) -> Bool {
        var mapping = MailboxMapping.standard
        change(&mapping)
        return (try? MailboxMapping(parsing: mapping.encoded)) == mapping
    }

    @Test func `fields may stand in any order as long as none covers another`() {
        #expect(isAccepted { _ in })
        #expect(isAccepted { ($0.slotList, $0.slotBitmap) = (0x0001, 0x0011) })
        #expect(isAccepted { ($0.oemArea, $0.slotBitmap) = (0x0013, 0x0012) })
        #expect(
            isAccepted {
                ($0.slotList, $0.slotBitmap, $0.oemArea) = (0x0020, 0x0030, 0x0031)
            })
        let refused: [(String, (inout MailboxMapping) -> Void)] = [
            ("bitmap on signaling", { $0.slotBitmap = 0 }),
            ("bitmap in the list", { $0.slotBitmap = 0x0002 }),
            ("bitmap at the end of the list", { $0.slotBitmap = 0x0011 }),
            ("list in the OEM area", { $0.slotList = 0x0003 }),
            ("list behind the content", { $0.slotList = 0x0400 }),
            ("list in the package", { $0.slotList = 0x0200 }),
            ("no OEM area", { $0.oemArea = $0.receipt }),
            ("receipt of nothing but its length", { $0.package = $0.receipt + 2 }),
            ("areas the wrong way round", { swap(&$0.receipt, &$0.package) }),
            ("content beyond every mailbox", { $0.contentEnd = 0x0801 }),
        ]
        for (name, change) in refused { #expect(!isAccepted(change), "\(name)") }
    }
}
