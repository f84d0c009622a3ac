// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import Synchronization

/// Kpersistent, 32 bytes, as a car keeps it (PROTOCOL 8.8); written as hexadecimal by `Codable`, shown as
/// `<redacted>` anywhere else.
///
/// What HKDF extracts from it is the same at every tap, so it is kept once it was wanted: a car with
/// many keys tries them all within one tap.
public struct PersistentSecret: Sendable {
    private let stored: Stored

    private final class Stored: Sendable {
        let bytes: [UInt8]
        let extracted = Mutex<ExtractedSecret?>(nil)
        init(_ bytes: [UInt8]) { self.bytes = bytes }
    }

    /// Keeps 32 bytes; with another number every use throws `length`.
    public init(_ bytes: [UInt8]) { stored = Stored(bytes) }

    /// The bytes; every reader of this property is a place to review.
    public var exposed: [UInt8] { stored.bytes }

    var extracted: ExtractedSecret {
        get throws(CryptoError) {
            guard exposed.count == 32 else { throw .length }
            return stored.extracted.withLock { kept in
                let secret = kept ?? ExtractedSecret(stored.bytes)
                kept = secret
                return secret
            }
        }
    }
}

extension PersistentSecret: Hashable, Codable, CustomStringConvertible, CustomReflectable {
    /// Same bytes, compared in constant time.
    public static func == (left: PersistentSecret, right: PersistentSecret) -> Bool {
        left.stored === right.stored || constantTimeEqual(left.exposed, right.exposed)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(exposed) }

    /// Reads hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        self.init(try [UInt8](hex: decoder.singleValueContainer().decode(String.self)))
    }

    /// Writes hexadecimal digits; only for stores that may hold secrets.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(exposed.hex)
    }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
