// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto

/// Names one mailbox; made by us from 122 random bits, so that nobody can guess one.
struct MailboxID: Hashable, Sendable, CustomStringConvertible {
    let uuid: UUID

    init(uuid: UUID) { self.uuid = uuid }

    /// A version 4 UUID.
    init(random: RandomSource) {
        var bytes = random.bytes(16, for: "mailbox id")
        for (index, mask, mark) in [(6, 0x0F, 0x40), (8, 0x3F, 0x80)] as [(Int, UInt8, UInt8)]
        where bytes.indices.contains(index) {
            bytes[index] = bytes[index] & mask | mark
        }
        uuid = bytes.withUnsafeBytes { bytes in
            bytes.count == 16 ? UUID(uuid: bytes.loadUnaligned(as: uuid_t.self)) : UUID()
        }
    }

    /// Reads 8-4-4-4-12 hexadecimal digits; none for anything else.
    init?(_ text: String) {
        guard let uuid = UUID(text: text) else { return nil }
        self.uuid = uuid
    }

    var description: String { uuid.uuidString.lowercased() }
}

/// What a device proves itself with at one mailbox; chosen by the device, secret.
struct DeviceClaim: Sendable {
    private let value: Secret<String>

    init?(_ text: String) {
        guard let uuid = MailboxID(text) else { return nil }
        value = Secret(uuid.description)
    }

    /// What we keep of the claim at `mailbox`: a hash that differs at every mailbox, so that
    /// storage does not link two mailboxes of one device.
    func mark(at mailbox: MailboxID) -> [UInt8] {
        sha256(Array("claim:\(mailbox):\(value.exposed)".utf8))
    }

    /// What we keep of one request with this claim at `mailbox`.
    func mark(at mailbox: MailboxID, request: RequestID) -> [UInt8] {
        sha256(Array("request:\(mailbox):\(value.exposed):\(request)".utf8))
    }

    /// Finds the mailbox that this claim and request created, when the request is repeated.
    func creation(by request: RequestID) -> [UInt8] {
        sha256(Array("create:\(value.exposed):\(request)".utf8))
    }
}

/// `Mailbox-Request-ID`: a repeat of the last one is answered 201 and changes nothing.
struct RequestID: Hashable, Sendable, CustomStringConvertible {
    let text: String

    init?(_ text: String) {
        guard let uuid = MailboxID(text) else { return nil }
        self.text = uuid.description
    }

    var description: String { text }
}
