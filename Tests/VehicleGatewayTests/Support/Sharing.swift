// SPDX-License-Identifier: Apache-2.0

import Identifiers
import PKI
import ServiceKit
import TestKit
import Testing
import VirtualPhone

/// Shares a full key from the owner's phone through all four objects; `code` is to be typed in the
/// car at the first use.
func share(
    from owner: TestPhone, to friend: TestPhone, code: String? = nil
) throws -> KeyID {
    let now = WallClock.system.now
    let ownerKey = try #require(owner.use { $0.state.keys.first?.id })
    let offer = ShareOffer(
        keyConfig: KeyConfig(
            profile: .full, notBefore: TestPKI.start, notAfter: now.adding(seconds: 86_400)),
        activationCode: code)
    let request = try owner.use { try $0.share(ownerKey, offer) }
    let signing = try friend.use { try $0.accept(request, at: now) }
    let package = try owner.use {
        try $0.sign(signing, slot: request.slotId, of: ownerKey, at: now)
    }
    return try friend.use { try $0.importKey(package) }
}
