// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// Bytes that are saved as hexadecimal text.
struct StoredBytes: Codable, Hashable, Sendable, CustomStringConvertible {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            bytes = try [UInt8](hex: container.decode(String.self))
        } catch let error as ByteError {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected hexadecimal digits: \(error)")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes.hex)
    }

    var description: String { bytes.hex }
}

/// Secret bytes: saved as hexadecimal text, printed as `<redacted>`.
struct StoredSecret: Codable, Hashable, Sendable, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    private var stored: StoredBytes

    init(_ bytes: [UInt8]) { stored = StoredBytes(bytes) }

    init(from decoder: any Decoder) throws { stored = try StoredBytes(from: decoder) }

    func encode(to encoder: any Encoder) throws { try stored.encode(to: encoder) }

    /// The bytes themselves; every reader of this property is a place to review.
    var exposed: [UInt8] {
        get { stored.bytes }
        set { stored.bytes = newValue }
    }

    var description: String { "<redacted>" }
    var debugDescription: String { "<redacted>" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
