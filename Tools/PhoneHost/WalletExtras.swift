// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Identifiers

/// What the host keeps beside the phone of the core: links, calls that are under way.
struct WalletExtras: Codable, Equatable, Sendable {
    /// Names the account towards automakers, salted for each of them.
    var account: String
    /// Invitations this phone sent and that are not settled.
    var invitations: [Invitation] = []
    /// Invitations this phone took and that are not settled.
    var acceptances: [Acceptance] = []
    /// Friends by the key they got.
    var friends: [Friend] = []
    /// Bodies of trackKey whose answer has not come; a repeat must be the same.
    var registrations: [Registration] = []
    /// Ended keys whose end the automaker has taken note of.
    var proven: [KeyID] = []
    /// Keys a car called suspended or ended, so that an order about them must be on its way.
    var suspects: [KeyID] = []
    /// What lost mode did that automakers are still to be told; none in older files.
    var lostMode: [LostMode]?
    /// How the phone is set; none as it leaves the shop.
    var settings: PhoneSettings?
    /// What automakers are told this is; none for a phone.
    var deviceType: String?

    struct Registration: Codable, Equatable, Sendable {
        var key: KeyID
        var body: Data
    }

    struct LostMode: Codable, Equatable, Sendable {
        var key: KeyID
        var isLost: Bool
        /// Names the order.
        var id: String
    }

    struct Friend: Codable, Equatable, Sendable {
        var key: KeyID
        var name: String
        var level: String
        /// Set once its end was asked for.
        var isRevoked: Bool?
        /// Set while the automaker is still to be told of that.
        var isUntold: Bool?
    }
}

/// A mailbox at a relay and this phone's side of it.
struct Mailbox: Codable, Equatable, Sendable {
    /// URL without query and fragment.
    var url: String
    /// UUID that proves which of the two phones this is.
    var claim: String
    /// What the payload is encrypted with, hexadecimal.
    var secret: String

    var secretBytes: [UInt8] { (try? [UInt8](hex: secret)) ?? [] }
}

/// An owner's offer, from the link to the friend's import.
struct Invitation: Codable, Equatable, Sendable {
    var mailbox: Mailbox
    var owner: KeyID
    var slot: SlotID
    var friend: String
    var level: String
    /// DER of the ImportRequest once signed; sent again until the relay has it.
    var importRequest: Data?
    var isDelivered = false
}

/// A friend's side of an offer.
struct Acceptance: Codable, Equatable, Sendable {
    var mailbox: Mailbox
    /// The key that was made for it; none before the request was read.
    var key: KeyID?
    /// DER of the KeySigningRequest; sent again until the relay has it.
    var signingRequest: Data?
    var isDelivered = false
}
