// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Identifiers
internal import KeyProtocol
internal import PKI
internal import ServiceKit
internal import VirtualPhone

extension Phone {
    /// Gives the watch called `name` a key of its own, and makes it when there is none yet: the three
    /// objects of sharing go from one to the other directly, without a relay (PROTOCOL 12.3).
    ///
    /// - Returns: the watch's key.
    public func equip(_ name: String, in phones: URL, with owner: KeyID) throws -> KeyID {
        try checkPower()
        // The owner's phone is held by this command already, and waits for nobody.
        guard name != self.name else { throw PhoneHostError.noWatch(name) }
        let config = KeyConfig(profile: .full, notBefore: clock.now)
        let request = try card.share(owner, ShareOffer(keyConfig: config))
        try save()
        let watch: Phone
        let signing: KeySigningRequest
        do {
            watch = try self.watch(name, in: phones)
            signing = try watch.card.accept(request, at: clock.now)
        } catch {
            try card.withdrawShare(owner, slot: request.slotId)
            try save()
            if case PhoneError.alreadyHasKey = error { throw PhoneHostError.watchHasKey(name) }
            throw error
        }
        try watch.save()
        let package = try card.sign(signing, slot: request.slotId, of: owner, at: clock.now)
        extras.friends.append(
            .init(key: package.attestation.friendKeyId, name: watch.name, level: "watch"))
        try save()
        let key = try watch.card.importKey(package)
        try watch.save()
        try watch.noteKeys()
        return key
    }

    private func watch(_ name: String, in phones: URL) throws -> Phone {
        if Phone.names(in: phones).contains(name) {
            let found = try Phone.open(name, in: phones, maker: maker, clock: clock, random: random)
            guard found.extras.deviceType == Self.watchType else {
                throw PhoneHostError.noWatch(name)
            }
            return found
        }
        let made = try Phone.make(name, in: phones, maker: maker, clock: clock, random: random)
        made.extras.deviceType = Self.watchType
        try made.save()
        return made
    }

    private static var watchType: String { "watch" }
}
