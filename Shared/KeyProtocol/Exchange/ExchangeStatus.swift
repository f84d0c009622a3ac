// SPDX-License-Identifier: Apache-2.0

/// How an EXCHANGE ended; the last two bytes of its response (PROTOCOL 9.2).
public enum ExchangeStatus: UInt16, Error, Sendable, CaseIterable {
    case done = 0x0000
    /// An offset outside the mailbox, or a response over 239 bytes.
    case outOfRange = 0x0001
    case malformed = 0x0002
    /// The confidential mailbox after a fast transaction.
    case notPermitted = 0x0003
    /// A command without 8C inside an atomic session.
    case sessionBroken = 0x0004
}
