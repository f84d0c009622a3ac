// SPDX-License-Identifier: Apache-2.0

/// The way phone and car talk, as it enters every key schedule (PROTOCOL 8.4): keys made over one
/// interface are of no use on the other.
public enum Interface: UInt8, Sendable, Codable, CaseIterable {
    /// NFC: PC/SC readers and virtual readers.
    case contactless = 0x5E
    /// Wired or BLE: the stream transport of PROTOCOL 18.
    case wired = 0xC3

    /// The bit of option_group_1 a key needs to be used here.
    public var option: KeyOptions.Transactions {
        switch self {
        case .contactless: .contactless
        case .wired: .wired
        }
    }
}
