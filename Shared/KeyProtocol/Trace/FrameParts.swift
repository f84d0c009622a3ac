// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

extension PollingFrame {
    /// Its bytes, named (PROTOCOL 14).
    public var traceParts: [TracePart] {
        let bytes = encoded
        let group = readerGroup.map { [TracePart($0, "reader group id")] } ?? []
        return [
            TracePart(Array(bytes.prefix(2)), "header, version"),
            TracePart(
                Array(bytes.dropFirst(2).prefix(1)), "config",
                meaning: readerGroup == nil ? "without a group" : "with a group"),
            TracePart(Array(bytes.dropFirst(3).prefix(1)), "type", meaning: "access"),
            TracePart(
                [subtype], "subtype", meaning: isPairing ? "owner pairing" : "transaction"),
            TracePart(terminal, "TCI"),
        ] + group + [TracePart(Array(bytes.suffix(2)), "CRC_A")]
    }
}

extension TracePart {
    /// A frame of the virtual reader, named (PROTOCOL 20).
    public static func streamFrame(_ content: [UInt8]) -> [TracePart] {
        let names: [[UInt8]: String] = [
            [0x00]: "power off", [0x01]: "power on", [0x02]: "reset", [0x04]: "ATR?",
            [0x3B, 0x80, 0x80, 0x01, 0x01]: "ATR",
        ]
        return [
            TracePart(
                UInt16(clamping: content.count).bigEndianBytes, "length",
                meaning: "\(content.count)"),
            TracePart(content, names[content] ?? "an APDU"),
        ]
    }
}
