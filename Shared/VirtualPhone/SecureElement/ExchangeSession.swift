// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyProtocol

/// Carries out EXCHANGE commands on the mailboxes of one key (PROTOCOL 9).
///
/// Writes collect in a journal and reach the mailboxes as one assignment at the end of a command
/// or, between `8C=01` and `8C=00`, at the end of the session: whoever saves the state afterwards
/// saves all of it or nothing.
struct ExchangeSession: Sendable {
    /// What one command came to.
    struct Outcome: Equatable, Sendable {
        /// The clear text of the response.
        var response: [UInt8]
        /// Notifications (`AE`) that became valid with this command.
        var notifications: [[UInt8]] = []
    }

    /// What waits for the end of a command or session.
    private struct Journal {
        var writes: [ExchangeCommand.Placed] = []
        var notifications: [[UInt8]] = []
    }

    private var open: Journal?

    /// Performs one command; on any status but 0000 nothing of it takes effect and an open
    /// session is dropped.
    mutating func perform(
        _ plain: [UInt8], on mailboxes: inout Mailboxes, afterFast: Bool
    ) -> Outcome {
        let rules = ExchangeCommand.Rules(
            afterFast: afterFast, sessionIsOpen: open != nil,
            privateSize: mailboxes.size(of: .privateMailbox),
            confidentialSize: mailboxes.size(of: .confidential))
        do throws(ExchangeStatus) {
            let command = try ExchangeCommand(parsing: plain, rules: rules)
            return try perform(command, on: &mailboxes)
        } catch {
            open = nil
            return Outcome(response: ExchangeResponse(status: error).encoded)
        }
    }

    /// Reads see the committed content from before the command and the session.
    private mutating func perform(
        _ command: ExchangeCommand, on mailboxes: inout Mailboxes
    ) throws(ExchangeStatus) -> Outcome {
        var journal = open ?? Journal()
        var reads: [[UInt8]] = []
        for placed in command.operations {
            guard case .read(let offset, let length) = placed.operation else {
                journal.writes.append(placed)
                continue
            }
            let bytes = mailboxes.read(placed.mailbox, at: Int(offset), count: Int(length))
            guard let bytes else { throw .outOfRange }
            reads.append(bytes)
        }
        if let notification = command.notification { journal.notifications.append(notification) }
        let response = ExchangeResponse(reads: reads).encoded
        guard command.atomic != .more else {
            open = journal
            return Outcome(response: response)
        }
        open = nil
        var result = mailboxes
        for placed in journal.writes {
            guard result.apply(placed) else { throw .outOfRange }
        }
        mailboxes = result
        return Outcome(response: response, notifications: journal.notifications)
    }
}

extension Mailboxes {
    /// Carries out a write or set; false when it does not fit.
    fileprivate mutating func apply(_ placed: ExchangeCommand.Placed) -> Bool {
        switch placed.operation {
        case .read: true
        case .write(let offset, let data):
            write(data, to: placed.mailbox, at: Int(offset))
        case .fill(let offset, let length, let byte):
            write(
                [UInt8](repeating: byte, count: Int(length)), to: placed.mailbox,
                at: Int(offset))
        }
    }
}
