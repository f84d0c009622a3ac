// SPDX-License-Identifier: Apache-2.0

/// What a make of reader can do beyond plain PC/SC.
///
/// The field is taken away in the same way on all of them: reconnect with power off.
public struct ReaderProfile: Equatable, Sendable {
    /// The word used in settings.
    public let name: String
    /// Longest command APDU the reader takes, in bytes; a longer one goes in parts to a card that
    /// joins them, and is refused otherwise.
    public let maximumCommand: Int
    /// Longest response APDU the reader gives, in bytes.
    public let maximumResponse: Int
    /// `SCardControl` code that shows phones a polling frame; none when the reader cannot.
    public let announcement: UInt32?

    /// Plain PC/SC with short APDUs: works on every reader, sends no polling frames.
    public static let generic = ReaderProfile(
        name: "generic", maximumCommand: 261, maximumResponse: 258, announcement: nil)
    /// ACS ACR122U: short APDUs only.
    public static let acr122u = ReaderProfile(
        name: "acr122u", maximumCommand: 261, maximumResponse: 258, announcement: nil)
    /// ACS ACR1252U.
    public static let acr1252u = ReaderProfile(
        name: "acr1252u", maximumCommand: 520, maximumResponse: 520, announcement: nil)
    /// Identiv uTrust 3700 F.
    public static let utrust = ReaderProfile(
        name: "utrust", maximumCommand: 1034, maximumResponse: 1034, announcement: nil)
    /// Our virtual reader (Tools/VirtualReader): a phone behind a TCP connection.
    public static let virtual = ReaderProfile(
        name: "virtual", maximumCommand: 261, maximumResponse: 4096,
        announcement: 0x4200_0000 + 0x6A02)  // SCARD_CTL_CODE(0x6A02)

    /// Every profile there is.
    public static let all = [generic, acr122u, acr1252u, utrust, virtual]

    /// The profile with this name; none when there is no such profile.
    public static func named(_ name: String) -> ReaderProfile? { all.first { $0.name == name } }
}
