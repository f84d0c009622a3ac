// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// What tags are called where they appear, and what their values say; one table a message.
struct TagNames: Sendable {
    /// One tag of one message.
    struct Entry: Sendable {
        let name: String
        var isSecret = false
        /// Names of what is inside.
        var inside: [Tag: Entry] = [:]
        var meaning: @Sendable ([UInt8]) -> String? = { _ in nil }
    }

    typealias Table = [Tag: Entry]

    static let framework: Table = [
        0x5A: Entry(name: "SPAKE2+ versions", meaning: versions),
        0x5C: Entry(name: "applet versions", meaning: versions),
        0xD4: Entry(
            name: "pairing mode",
            meaning: { $0 == [0x02] ? "there is a password" : "no password" }),
    ]
    static let applet: Table = [0x5C: Entry(name: "applet versions", meaning: versions)]
    static let request: Table = [
        0x5B: Entry(name: "SPAKE2+ version", meaning: versions),
        0x5C: Entry(
            name: "the car's applet versions, that of the new key first", meaning: versions),
        0x7F50: Entry(
            name: "scrypt",
            inside: [
                0xC0: Entry(name: "salt"), 0xC1: Entry(name: "N", meaning: number),
                0xC2: Entry(name: "r", meaning: number), 0xC3: Entry(name: "p", meaning: number),
            ]),
        0xD6: Entry(name: "vehicle brand"),
    ]
    static let share: Table = [0x50: Entry(name: "share X")]
    static let verify: Table = [0x52: Entry(name: "share Y"), 0x57: Entry(name: "evidence M1")]
    static let evidence: Table = [0x58: Entry(name: "evidence M2")]
    static let auth0: Table = [
        0x5C: Entry(name: "version", meaning: versions), 0x87: Entry(name: "vehicle ephemeral key"),
        0x4C: Entry(name: "transaction id"), 0x4D: Entry(name: "vehicle id"),
    ]
    static let auth0Answer: Table = [
        0x86: Entry(name: "endpoint ephemeral key"), 0x9D: Entry(name: "fast cryptogram"),
    ]
    static let auth1: Table = [0x9E: Entry(name: "signature of the car")]
    static let auth1Answer: Table = [
        0x4E: Entry(name: "slot id", meaning: slot), 0x9E: Entry(name: "signature of the phone"),
        0x4B: Entry(name: "signaling bits", meaning: signaling),
        0x57: Entry(name: "counter, ignored"), 0x4A: Entry(name: "mailbox subset, ignored"),
    ]
    static let batch: Table = [
        0x7F4A: Entry(name: "creation data", inside: creation),
        0x7F4B: Entry(name: "vehicle certificate [K]"),
        0x7F4C: Entry(name: "certificate between [J] and [K]"),
        0x7F4D: Entry(name: "mailbox mapping", inside: mapping),
        0x7F4E: Entry(name: "device configuration", inside: configuration),
        0x5F5A: Entry(name: "VehicleStatement"), 0x5F5F: Entry(name: "end of the batch"),
    ]
    static let creation: Table = [
        0x4D: Entry(name: "vehicle id"), 0x5C: Entry(name: "version", meaning: versions),
        0x80: Entry(name: "option group 1"), 0x81: Entry(name: "option group 2"),
        0x82: Entry(name: "slot id", meaning: slot), 0x83: Entry(name: "not before", meaning: text),
        0x84: Entry(name: "not after", meaning: text),
        0x85: Entry(name: "size of the confidential mailbox", meaning: number),
        0x88: Entry(name: "size of the private mailbox", meaning: number),
        0x89: Entry(name: "authorised key"), 0x8A: Entry(name: "account hash"),
        0x8B: Entry(name: "vehicle key"),
    ]
    static let mapping: Table = [
        0x80: Entry(name: "offset of the signaling bits"),
        0x81: Entry(name: "offset of the slot bitmap"),
        0x82: Entry(name: "offset of the slot list"), 0x83: Entry(name: "length of a slot id"),
        0x84: Entry(name: "offset of the maker's area"),
        0x85: Entry(name: "offset of the receipt"),
        0x86: Entry(name: "offset of the attestation package"),
        0x87: Entry(name: "end of content"), 0x88: Entry(name: "length of a token"),
    ]
    static let configuration: Table = [
        0x80: Entry(name: "digits of the activation code", meaning: number),
        0x81: Entry(name: "routing id", meaning: text), 0x82: Entry(name: "mode of tokens"),
        0x83: Entry(name: "profiles offered"), 0x84: Entry(name: "tracking"),
        0x85: Entry(name: "display name", meaning: text), 0x86: Entry(name: "image", meaning: text),
    ]

    /// Objects of GET DATA.
    static let objects: [[UInt8]: String] = [
        [0x5F, 0x63]: "state of the new key", [0x7F, 0x60]: "external CA [F]",
        [0x7F, 0x61]: "instance CA [E]", [0x7F, 0x62]: "digital key [H]",
    ]

    /// The parts of `bytes` by `table`; bytes that are no TLV are one part.
    static func parts(_ bytes: [UInt8], _ table: Table) -> [TracePart] {
        guard let objects = try? TLV.list(bytes) else {
            return bytes.isEmpty ? [] : [TracePart(bytes, "no TLV")]
        }
        return objects.map { part($0, table) }
    }

    static func part(_ object: TLV, _ table: Table) -> TracePart {
        let entry = table[object.tag] ?? Entry(name: "unknown tag \(object.tag)")
        let inside = entry.inside.isEmpty ? [] : parts(object.value, entry.inside)
        return TracePart(
            head: head(of: object), object.value, entry.name, meaning: entry.meaning(object.value),
            isSecret: entry.isSecret, parts: inside)
    }

    /// Tag and length.
    static func head(of object: TLV) -> [UInt8] {
        Array(object.encoded.dropLast(object.value.count))
    }
}

// MARK: - What values say

extension TagNames {
    @Sendable static func versions(_ bytes: [UInt8]) -> String? {
        (try? ProtocolVersion.list(bytes))?.map(\.bytes.hex).joined(separator: ", ")
    }

    @Sendable static func number(_ bytes: [UInt8]) -> String? {
        bytes.count <= 4 ? "\(bytes.reduce(0) { $0 << 8 | Int($1) })" : nil
    }

    @Sendable static func text(_ bytes: [UInt8]) -> String? {
        String(validating: bytes, as: UTF8.self).map { text in
            String(text.filter { !$0.isNewline && $0.isASCII || $0.isLetter })
        }
    }

    @Sendable static func slot(_ bytes: [UInt8]) -> String? {
        (try? SlotID(bytes)).map { "generation \($0.generation), position \($0.position)" }
    }

    @Sendable static func signaling(_ bytes: [UInt8]) -> String? {
        guard let byte = bytes.first, bytes.count == 1 else { return nil }
        let names = [
            "refill wanted", "package", "receipt", "data for the car", "data for the phone",
            "termination pending",
        ]
        let set = names.enumerated().filter { byte >> $0.offset & 1 == 1 }.map(\.element)
        return set.isEmpty ? "nothing" : set.joined(separator: ", ")
    }
}
