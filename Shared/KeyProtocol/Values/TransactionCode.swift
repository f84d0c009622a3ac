// SPDX-License-Identifier: Apache-2.0

/// P2 of AUTH0: what the car wants to do (PROTOCOL 4.3).
public enum TransactionCode: UInt8, Sendable, Codable, CaseIterable {
    /// Nothing but looking after the mailboxes.
    case maintenance = 0x00
    /// Open the doors.
    case unlock = 0x01
    /// Close the doors.
    case lock = 0x02
    /// Allow driving; standard transactions only.
    case drive = 0x03
    /// Pairing phase 3; standard transactions only.
    case pairing = 0x04
    /// See whether the key is there.
    case presence = 0x06

    /// Whether the code may be asked for in a fast transaction (P1 = 01).
    public var mayBeFast: Bool { self != .drive && self != .pairing }

    /// Whether a car tries fast first; maintenance needs the mailboxes, so it does not
    /// (PROTOCOL 8.1).
    public var wantsFast: Bool { mayBeFast && self != .maintenance }
}
