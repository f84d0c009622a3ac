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
        } catch is ByteError {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected hexadecimal digits")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes.hex)
    }

    var description: String { bytes.hex }
}
