// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyProtocol
internal import ServiceKit
internal import VirtualPhone

extension Phone {
    /// What the operating system does as soon as it has power: ends the keys whose time has come, and
    /// takes the messages that cars left in mailboxes. Save afterwards.
    ///
    /// - Returns: the messages that came, a line each.
    @discardableResult
    func catchUp() -> [String] {
        guard !settings.isInPowerReserve else { return [] }
        for key in card.endOverdueKeys(at: clock.now) { try? passes.remove(key) }
        return card.takeMessages().map { "\(vehicleName(of: $0.key)) says: \($0.message.text)" }
    }
}
