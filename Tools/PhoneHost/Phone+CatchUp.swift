// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyProtocol
internal import ServiceKit
internal import VirtualPhone

extension Phone {
    /// What the operating system does as soon as it has power: ends the keys whose time has come, and
    /// takes the messages that cars left in mailboxes. Save afterwards.
    ///
    /// - Returns: what a person should hear of it, a line each.
    func catchUp() -> [String] {
        guard !settings.isInPowerReserve else { return [] }
        let messages = card.takeMessages().map {
            "\(vehicleName(of: $0.key)) says: \($0.message.text)"
        }
        let ended = card.endOverdueKeys(at: clock.now).map { key in
            try? passes.remove(key)
            return "the key for \(vehicleName(of: key)) has ended, as you wished"
        }
        return messages + ended
    }
}
