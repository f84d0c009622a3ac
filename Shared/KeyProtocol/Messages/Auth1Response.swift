// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// The clear text of the answer to AUTH1 (PROTOCOL 8.2).
///
/// ```text
/// 4E 02 slot id   9E 40 endpoint_sig   [57, 4A ignored]   [4B 01 signaling bitmap]
/// ```
public struct Auth1Response: Hashable, Sendable {
    /// 1...8 bytes; `slotId` when they are the two of this profile.
    public var slot: [UInt8]
    /// r‖s, 64 bytes.
    public var signature: [UInt8]
    /// Present when option_group_1 b7 is set.
    public var signaling: SignalingBits?

    /// An answer.
    public init(slotId: SlotID, signature: [UInt8], signaling: SignalingBits?) {
        slot = slotId.bytes
        self.signature = signature
        self.signaling = signaling
    }

    /// The slot id; none when it has another length than those this car gives out.
    public var slotId: SlotID? { try? SlotID(slot) }

    /// Reads the clear text.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        let map = try TLVMap(bytes)
        slot = try map.value(0x4E)
        guard (1...8).contains(slot.count) else { throw .length }
        signature = try map.value(0x9E, count: 64)
        signaling = map[0x4B] == nil ? nil : SignalingBits(rawValue: try map.byte(0x4B))
    }

    /// The clear text.
    public var encoded: [UInt8] {
        var objects = [TLV(0x4E, slot), TLV(0x9E, signature)]
        if let signaling { objects.append(TLV(0x4B, [signaling.rawValue])) }
        return objects.encoded
    }

    /// AUTH1 itself: `80 81 00 00  9E 40 r‖s`.
    public static func command(signature: [UInt8]) -> CommandAPDU {
        CommandAPDU(cla: 0x80, ins: Instruction.auth1, data: TLV(0x9E, signature).encoded)
    }
}
