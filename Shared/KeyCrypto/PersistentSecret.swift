// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import Synchronization

/// Kpersistent, 32 bytes, as a car keeps it (PROTOCOL 8.8); written as hexadecimal by `Codable`, shown as
/// `<redacted>` anywhere else.
///
/// Every key of one car is tried with an info that begins the same at every tap, so the secret keeps
/// what that beginning makes of it: a car with many keys tries them all within one tap.
public struct PersistentSecret: Sendable {
    private let stored: Stored

    private final class Stored: Sendable {
        let bytes: SecretBytes
        let begun = Mutex<Begun?>(nil)
        init(_ bytes: SecretBytes) { self.bytes = bytes }
    }

    private struct Begun {
        let head: [UInt8]
        let deviceKeyX: [UInt8]
        let expansion: BegunExpansion
    }

    /// Keeps 32 bytes; with another number every use throws `length`.
    public init(_ bytes: [UInt8]) { stored = Stored(SecretBytes(bytes)) }

    /// The bytes, which are wiped no more; every reader of this property is a place to review.
    public var exposed: [UInt8] { stored.bytes.exposed }

    var extracted: ExtractedSecret {
        get throws(CryptoError) {
            guard stored.bytes.count == 32 else { throw .length }
            return ExtractedSecret(stored.bytes)
        }
    }

    /// The expansion of infos that begin with `head ‖ deviceKeyX`; kept for those asked for last.
    func begun(with head: [UInt8], _ deviceKeyX: [UInt8]) throws(CryptoError) -> BegunExpansion {
        let kept = stored.begun.withLock { kept in
            kept?.deviceKeyX == deviceKeyX && kept?.head == head ? kept?.expansion : nil
        }
        if let kept { return kept }
        let expansion = try extracted.begun(with: head, deviceKeyX)
        stored.begun.withLock {
            $0 = Begun(head: head, deviceKeyX: deviceKeyX, expansion: expansion)
        }
        return expansion
    }
}

extension PersistentSecret: Hashable, Codable, CustomStringConvertible, CustomReflectable {
    /// Same bytes, compared in constant time.
    public static func == (left: PersistentSecret, right: PersistentSecret) -> Bool {
        left.stored === right.stored || left.stored.bytes == right.stored.bytes
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(stored.bytes) }

    /// Reads hexadecimal digits.
    public init(from decoder: any Decoder) throws {
        stored = Stored(try SecretBytes(from: decoder))
    }

    /// Writes hexadecimal digits; only for stores that may hold secrets.
    public func encode(to encoder: any Encoder) throws {
        try stored.bytes.encode(to: encoder)
    }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
