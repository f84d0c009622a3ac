// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What one phone leaves for the other; we cannot read it.
struct Payload: Codable, Equatable, Sendable {
    var type: String
    /// Base64 of IV (12), ciphertext and tag (16).
    var data: String

    func check() throws(RelayError) {
        guard ["AEAD_AES_128_GCM", "AEAD_AES_256_GCM"].contains(type) else {
            throw .field("payload.type", "expected AEAD_AES_128_GCM or AEAD_AES_256_GCM")
        }
        guard data.utf8.count <= RelayLimits.payload else { throw .payloadTooLarge }
        guard !data.isEmpty, Data(base64Encoded: data) != nil else {
            throw .field("payload.data", "expected Base64")
        }
    }
}

/// What anybody with the link may see; must not identify anyone.
struct DisplayInformation: Codable, Equatable, Sendable {
    var title: String
    var description: String
    var imageURL: String

    func check() throws(RelayError) {
        let members = [("title", title), ("description", description), ("imageURL", imageURL)]
        for (name, text) in members
        where text.utf8.count > RelayLimits.display || text.contains("\0") {
            throw .field(
                "displayInformation.\(name)", "expected at most \(RelayLimits.display) bytes")
        }
    }
}

/// How to tell one side to look again; opaque to us.
struct NotificationToken: Codable, Equatable, Sendable {
    var type: String
    var tokenData: String

    /// Push systems that reach a device without an account at its maker.
    static let supported: Set<String> = ["org.unifiedpush", "webhook"]

    var isSupported: Bool { Self.supported.contains(type) }

    func check() throws(RelayError) {
        guard (1...RelayLimits.tokenType).contains(type.utf8.count), !type.contains("\0") else {
            throw .field("notificationToken.type", "expected 1 to \(RelayLimits.tokenType) bytes")
        }
        guard (1...RelayLimits.token).contains(tokenData.utf8.count), !tokenData.contains("\0")
        else {
            throw .field("notificationToken.tokenData", "expected 1 to \(RelayLimits.token) bytes")
        }
    }
}

/// What the recipient may do; the initiator may do everything.
struct AccessRights: Equatable, Sendable {
    /// Letters `R`, `W`, `D` in that order.
    let letters: String

    static let standard = AccessRights(known: "RD")

    init(known letters: String) { self.letters = letters }

    /// A subset of `RWD` in any order, none twice.
    init(_ text: String) throws(RelayError) {
        let given = Set(text)
        guard given.count == text.count, given.isSubset(of: "RWD") else {
            throw .field("mailboxConfiguration.accessRights", "expected letters of RWD, each once")
        }
        letters = "RWD".filter(given.contains)
    }

    func allows(_ letter: Character) -> Bool { letters.contains(letter) }
}
