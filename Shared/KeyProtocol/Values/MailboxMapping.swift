// SPDX-License-Identifier: Apache-2.0

/// Where the fields of the private mailbox are (PROTOCOL 10.3, object 7F4D).
///
/// ```text
/// 7F4D  80 02 signaling=0000  81 02 slot bitmap  82 02 slot list  83 01 slot length
///       84 02 OEM area        85 02 receipt      86 02 package    87 02 content end
///       88 01 token length
/// ```
/// An area of 84, 85, 86 ends where the next one starts.
public struct MailboxMapping: Hashable, Sendable, Codable {
    /// Offset of the slot bitmap, 1 byte.
    public var slotBitmap: UInt16
    /// Offset of the slot list, 8 ids of 2 bytes.
    public var slotList: UInt16
    /// Offset of the OEM proprietary area.
    public var oemArea: UInt16
    /// Offset of length(2) ‖ KtsReceipt.
    public var receipt: UInt16
    /// Offset of length(2) ‖ Attestation.
    public var package: UInt16
    /// First offset after the last field.
    public var contentEnd: UInt16

    /// The layout every key of this project uses.
    public static let standard = MailboxMapping(
        slotBitmap: 0x0001, slotList: 0x0002, oemArea: 0x0012, receipt: 0x0040, package: 0x0100,
        contentEnd: 0x0400)

    /// A layout; `isConsistent` says whether the fields fit.
    public init(
        slotBitmap: UInt16, slotList: UInt16, oemArea: UInt16, receipt: UInt16, package: UInt16,
        contentEnd: UInt16
    ) {
        self.slotBitmap = slotBitmap
        self.slotList = slotList
        self.oemArea = oemArea
        self.receipt = receipt
        self.package = package
        self.contentEnd = contentEnd
    }

    /// Offset of the signaling bitmap, 1 byte.
    public var signaling: UInt16 { 0x0000 }
    /// Bytes of the OEM proprietary area.
    public var oemAreaSize: Int { Int(receipt) - Int(oemArea) }
    /// Bytes of the receipt area, its length field included.
    public var receiptSize: Int { Int(package) - Int(receipt) }
    /// Bytes of the package area, its length field included.
    public var packageSize: Int { Int(contentEnd) - Int(package) }

    /// Whether the areas are in order, no two fields overlap, and all end within the content and the
    /// largest mailbox.
    public var isConsistent: Bool {
        guard oemAreaSize > 0, receiptSize > 2, packageSize > 2, Int(contentEnd) <= Limits.mailbox
        else { return false }
        let fields = [
            (signaling, 1), (slotBitmap, 1), (slotList, 16), (oemArea, oemAreaSize),
            (receipt, receiptSize), (package, packageSize), (contentEnd, 0),
        ].sorted { $0.0 < $1.0 }
        return zip(fields, fields.dropFirst()).allSatisfy { Int($0.0) + $0.1 <= Int($1.0) }
            && fields.last?.1 == 0
    }

    /// Reads the value of 7F4D.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        let map = try TLVMap(bytes)
        self.init(
            slotBitmap: try map.short(0x81), slotList: try map.short(0x82),
            oemArea: try map.short(0x84), receipt: try map.short(0x85),
            package: try map.short(0x86), contentEnd: try map.short(0x87))
        let (signaling, slotLength) = (try map.short(0x80), try map.byte(0x83))
        let tokenLength = try map.byte(0x88)
        guard signaling == 0, slotLength == 2, tokenLength == 16, isConsistent else {
            throw .range
        }
    }

    /// The value of 7F4D.
    public var encoded: [UInt8] {
        func offset(_ tag: Tag, _ value: UInt16) -> TLV {
            TLV(tag, [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)])
        }
        return [
            offset(0x80, signaling), offset(0x81, slotBitmap), offset(0x82, slotList),
            TLV(0x83, [0x02] as [UInt8]), offset(0x84, oemArea), offset(0x85, receipt),
            offset(0x86, package), offset(0x87, contentEnd), TLV(0x88, [0x10] as [UInt8]),
        ].encoded
    }
}
