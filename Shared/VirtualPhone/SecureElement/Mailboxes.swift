// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol

/// The two memories of one key (PROTOCOL 10.1); new ones are all zero.
struct Mailboxes: Codable, Hashable, Sendable {
    private var privateStore: StoredBytes
    private var confidentialStore: SecretBytes

    init(privateSize: Int, confidentialSize: Int) {
        self.init(
            privateBytes: [UInt8](repeating: 0, count: privateSize),
            confidentialBytes: [UInt8](repeating: 0, count: confidentialSize))
    }

    init(privateBytes: [UInt8], confidentialBytes: [UInt8]) {
        privateStore = StoredBytes(privateBytes)
        confidentialStore = SecretBytes(confidentialBytes)
    }

    /// Everything the vehicle may see.
    func bytes(of mailbox: ExchangeCommand.Mailbox) -> [UInt8] {
        switch mailbox {
        case .privateMailbox: privateStore.bytes
        case .confidential: confidentialStore.exposed
        }
    }

    func size(of mailbox: ExchangeCommand.Mailbox) -> Int { bytes(of: mailbox).count }

    /// `count` bytes from `offset`; none when they are not all inside.
    func read(_ mailbox: ExchangeCommand.Mailbox, at offset: Int, count: Int) -> [UInt8]? {
        guard contains(mailbox, offset: offset, count: count) else { return nil }
        return Array(bytes(of: mailbox).dropFirst(offset).prefix(count))
    }

    /// Whether `count` bytes from `offset` are all inside.
    func contains(_ mailbox: ExchangeCommand.Mailbox, offset: Int, count: Int) -> Bool {
        offset >= 0 && count >= 0 && offset + count <= size(of: mailbox)
    }

    /// Writes all of `content` or nothing; false when it does not fit.
    mutating func write(
        _ content: [UInt8], to mailbox: ExchangeCommand.Mailbox, at offset: Int
    ) -> Bool {
        guard contains(mailbox, offset: offset, count: content.count) else { return false }
        var bytes = bytes(of: mailbox)
        bytes.replaceSubrange(offset..<offset + content.count, with: content)
        switch mailbox {
        case .privateMailbox: privateStore.bytes = bytes
        case .confidential: confidentialStore = SecretBytes(bytes)
        }
        return true
    }
}

/// The fields of the private mailbox, where the key's mapping puts them (PROTOCOL 10.2).
extension Endpoint {
    var signaling: SignalingBits {
        get { SignalingBits(rawValue: byte(at: mapping.signaling)) }
        set { setByte(newValue.rawValue, at: mapping.signaling) }
    }

    var slotBitmap: UInt8 {
        get { byte(at: mapping.slotBitmap) }
        set { setByte(newValue, at: mapping.slotBitmap) }
    }

    /// The id listed for `position` (1...8); none when the list is out of reach.
    func listedSlot(at position: UInt8) -> SlotID? {
        let offset = Int(mapping.slotList) + 2 * (Int(position) - 1)
        return mailboxes.read(.privateMailbox, at: offset, count: 2).flatMap { try? SlotID($0) }
    }

    /// The automaker's own 46 bytes.
    var oemArea: [UInt8] {
        mailboxes.read(.privateMailbox, at: Int(mapping.oemArea), count: mapping.oemAreaSize) ?? []
    }

    /// Writes `length(2) ‖ object` into an area of `size` bytes; false when it does not fit.
    mutating func writeObject(_ object: [UInt8], at offset: UInt16, size: Int) -> Bool {
        guard object.count <= size - 2 else { return false }
        let field = UInt16(object.count).bigEndianBytes + object
        return mailboxes.write(field, to: .privateMailbox, at: Int(offset))
    }

    private func byte(at offset: UInt16) -> UInt8 {
        mailboxes.read(.privateMailbox, at: Int(offset), count: 1)?.first ?? 0
    }

    private mutating func setByte(_ value: UInt8, at offset: UInt16) {
        // A mailbox of size 0 has no such byte; there is then nothing to hint at.
        _ = mailboxes.write([value], to: .privateMailbox, at: Int(offset))
    }
}
