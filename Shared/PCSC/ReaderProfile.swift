// SPDX-License-Identifier: Apache-2.0

/// What a make of reader can do beyond plain PC/SC.
public struct ReaderProfile: Equatable, Sendable {
    /// The word used in settings.
    public let name: String
    /// Longest command APDU the reader takes, in bytes.
    public let maximumCommand: Int
    /// How often its driver looks for a card, in milliseconds; 0 when it is told.
    public let presencePoll: Int

    /// Plain PC/SC with short APDUs: works on every reader, sends no polling frames.
    public static let generic = ReaderProfile(name: "generic", maximumCommand: 261, presencePoll: 0)
    /// The reader of vsmartcard (vpcd): a phone behind a TCP connection.
    public static let virtual = ReaderProfile(
        name: "virtual", maximumCommand: 261, presencePoll: 400)

    /// Every profile there is.
    public static let all = [generic, virtual]

    /// The profile with this name; none when there is no such profile.
    public static func named(_ name: String) -> ReaderProfile? { all.first { $0.name == name } }
}
