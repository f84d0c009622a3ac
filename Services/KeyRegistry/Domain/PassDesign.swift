// SPDX-License-Identifier: Apache-2.0

import Contracts

/// How the passes of a brand look; a card is drawn for each where there is no artwork for all.
struct PassDesign: Sendable {
    let brand: String
    let colour: CardColour
    let artwork: KeyPass.Artwork?

    /// Characters of the longest text on a pass.
    private static let length = 60

    init(brand: String, colour: CardColour, artwork: KeyPass.Artwork?) {
        self.brand = Self.line(brand)
        self.colour = colour
        self.artwork = artwork
    }

    /// The pass of `key` for a vehicle that is called `model`, without its revision.
    func pass(for key: TrackedKey, model: String) throws(RegistryError) -> KeyPass {
        let (model, entitlement) = (Self.line(model), Self.line(key.entitlement))
        let card = PassCard(
            brand: brand, model: model, entitlement: entitlement, colour: colour)
        guard let artwork = artwork ?? KeyPass.Artwork(Array(card.svg.utf8)) else {
            throw .malformed("the card of a pass is too large")
        }
        return KeyPass(
            keyId: key.keyId, brand: brand, model: model, title: Self.line("\(brand) \(model)"),
            entitlement: entitlement, validFrom: key.state.notBefore, validTo: key.state.notAfter,
            state: key.passState, revision: "", artwork: artwork)
    }

    /// `text` in one line, cut off where it is too long.
    private static func line(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for letter in text.unicodeScalars.prefix(length) {
            line.append(letter.properties.generalCategory == .control ? " " : letter)
        }
        return String(line) + (text.unicodeScalars.count > length ? "…" : "")
    }
}
