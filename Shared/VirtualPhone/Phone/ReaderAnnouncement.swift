// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyProtocol

/// What a phone makes of a polling frame, before the first command (PROTOCOL 14).
///
/// Nobody signs a polling frame. So it decides what the phone shows its user, and never which key
/// answers or what a key may do: that is settled with the car itself.
public struct ReaderAnnouncement: Hashable, Sendable {
    /// What the phone brings up.
    public enum Choice: Hashable, Sendable {
        /// The pass of this key.
        case key(KeyID)
        /// The prompt to set up a key.
        case setup
        /// Nothing: it has no key for such a reader.
        case nothing
    }

    /// Whose reader it is and where; none for a reader that is not a car's.
    public let terminal: TerminalID?
    /// What the phone brings up.
    public let choice: Choice
}

extension PhoneCard {
    /// Takes note of a polling frame; it is not answered, and nothing changes.
    public func announced(_ frame: PollingFrame) -> ReaderAnnouncement {
        let terminal = try? TerminalID(parsing: frame.terminal)
        guard let terminal else { return ReaderAnnouncement(terminal: nil, choice: .nothing) }
        if frame.isPairing { return ReaderAnnouncement(terminal: terminal, choice: .setup) }
        // The newest first, as the wallet lists them.
        let key = state.keys.last { key in
            element.phase(of: key.id) == .active && fits(key, terminal, frame.readerGroup)
        }
        return ReaderAnnouncement(
            terminal: terminal, choice: key.map { .key($0.id) } ?? .nothing)
    }

    /// A group id names the vehicle; without one the make has to do.
    private func fits(_ key: WalletKey, _ terminal: TerminalID, _ group: [UInt8]?) -> Bool {
        if let group { return group == key.vehicleId.bytes }
        return state.automakers.first { $0.name == key.automaker }?.readerMake == terminal.make
    }
}
