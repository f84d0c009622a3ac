// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Identifiers

/// Key material: written as hexadecimal by `Codable`, shown as `<redacted>` anywhere else, compared in
/// constant time, and wiped by swift-crypto when the last copy goes.
public struct SecretBytes: Hashable, Sendable, Codable, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    private let stored: Stored

    /// Copies of a value share it, so that comparing them costs nothing.
    private final class Stored: Sendable {
        let key: SymmetricKey
        init(_ key: SymmetricKey) { self.key = key }
    }

    /// Keeps a copy of `bytes`; the array itself is the caller's to forget.
    public init(_ bytes: [UInt8]) { stored = Stored(SymmetricKey(data: bytes)) }

    var key: SymmetricKey { stored.key }

    /// The bytes, which are wiped no more; every reader of this property is a place to review.
    public var exposed: [UInt8] { key.withUnsafeBytes { Array($0) } }

    /// How many bytes.
    public var count: Int { key.bitCount / 8 }

    /// Same bytes, compared in constant time.
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        left.stored === right.stored || left.key == right.key
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        key.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// Reads hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            self.init(try [UInt8](hex: container.decode(String.self)))
        } catch is ByteError {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected hexadecimal digits")
        }
    }

    /// Writes hexadecimal digits; only for stores that may hold secrets.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(exposed.hex)
    }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Always `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
