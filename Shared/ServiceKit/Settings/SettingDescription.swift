// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// What `--help`, the documentation and the compose check know about one setting.
public struct SettingDescription: Hashable, Sendable {
    /// What kind of text the setting takes.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case text, address, url, integer, duration, flag, choice, file, secretFile
    }

    /// Name without prefix, for example `PARTNER_ADDRESS`.
    public let name: String
    /// The environment variable, for example `LATCHKEY_KEY_REGISTRY_PARTNER_ADDRESS`.
    public let variable: String
    /// What kind of text it takes.
    public let kind: Kind
    /// Used when the variable is not set, empty for nothing; none when the setting must be given.
    public let defaultValue: String?
    /// One sentence for people.
    public let help: String
}

/// A file that a setting names, read once.
public struct SettingFile: Sendable {
    /// Where it was read from.
    public let path: String
    /// What it held; secret, because keys come this way.
    public let bytes: Secret<[UInt8]>

    /// A file with `bytes`, as tests make them.
    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = Secret(bytes)
    }
}

/// One thing wrong with the environment of a service.
public struct SettingsProblem: Hashable, Sendable, CustomStringConvertible {
    /// The environment variable.
    public let variable: String
    /// What is wrong and what would be right.
    public let reason: String

    /// `VARIABLE: reason`.
    public var description: String { "\(variable): \(reason)" }
}
