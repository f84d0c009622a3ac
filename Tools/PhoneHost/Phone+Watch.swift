// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import KeyProtocol
internal import PKI
internal import ServiceKit
internal import VirtualPhone

extension Phone {
    /// Gives a watch that is paired with this phone a key of its own: the three objects of sharing go
    /// from one to the other directly, without a relay (PROTOCOL 12.3).
    ///
    /// - Returns: the watch's key.
    public func equip(_ watch: Phone, with owner: KeyID) throws -> KeyID {
        let config = KeyConfig(profile: .full, notBefore: clock.now)
        let request = try card.share(owner, ShareOffer(keyConfig: config))
        try save()
        let signing: KeySigningRequest
        do {
            signing = try watch.card.accept(request, at: clock.now)
        } catch {
            try card.withdrawShare(owner, slot: request.slotId)
            try save()
            throw error
        }
        try watch.save()
        let package = try card.sign(signing, slot: request.slotId, of: owner, at: clock.now)
        extras.friends.append(
            .init(key: package.attestation.friendKeyId, name: watch.name, level: "watch"))
        try save()
        let key = try watch.card.importKey(package)
        watch.extras.deviceType = "watch"
        try watch.save()
        try watch.noteKeys()
        return key
    }
}
