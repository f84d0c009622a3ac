// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol

@testable import VirtualPhone

/// What a car leaves in the maker's area, as the phone's system takes it.
extension FuzzTarget {
    static let areas = [FuzzTarget("makers-area", makersArea)]

    /// `signaling bits(1) ‖ maker's area`.
    @Sendable private static func makersArea(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let bits = SignalingBits(rawValue: input.byte())
        var (phone, key) = (FuzzWorld.shared.owner, FuzzWorld.shared.ownerKey)
        try phone.element.updatePrivateMailbox(of: key) { endpoint in
            endpoint.signaling = bits
            return endpoint.mailboxes.write(
                Array(input.rest().prefix(endpoint.mapping.oemAreaSize)), to: .privateMailbox,
                at: Int(endpoint.mapping.oemArea))
        }
        let came = phone.takeMessages()
        let left = try phone.element.endpoint(key)
        try require(left.signaling == bits.subtracting(.dataForPhone), "other bits changed")
        try require(came.isEmpty || bits.contains(.dataForPhone), "a message nobody signaled")
        for message in came.map(\.message) {
            let again = try? CarMessage(message.text)
            try require(again == message, "no message that a car may leave")
        }
        try require(
            !bits.contains(.dataForPhone) || bits.contains(.dataForCar)
                || left.oemArea.allSatisfy { $0 == 0 }, "something is left in the area")
        try require(phone.takeMessages().isEmpty, "a message comes twice")
        _ = try? phone.retire([SlotID(generation: 0, position: 3)], with: key)
    }
}
