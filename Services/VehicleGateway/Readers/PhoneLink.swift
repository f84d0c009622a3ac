// SPDX-License-Identifier: Apache-2.0

import PCSC

/// The way to one phone, at a reader or near the car.
protocol PhoneLink: Sendable {
    /// Sends a command APDU and waits for the answer; `meanwhile` runs before it is there.
    func transmit(
        _ command: [UInt8], within limit: Duration, meanwhile: () -> Void
    ) async throws(PCSCError) -> [UInt8]
    /// Says what reader this is, where the reader can.
    func announce(_ frame: [UInt8]) async throws(PCSCError)
    /// Takes the field away and gives it back; over the stream SELECT alone begins anew.
    func resetField() async throws(PCSCError)
}

extension CardChannel: PhoneLink {
    func announce(_ frame: [UInt8]) async throws(PCSCError) {
        _ = try await announce(frame, within: .seconds(1))
    }

    func resetField() async throws(PCSCError) { try await resetField(within: .seconds(1)) }
}
