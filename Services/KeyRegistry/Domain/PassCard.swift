// SPDX-License-Identifier: Apache-2.0

/// The picture of a pass, drawn from its words: brand, key, model and entitlement on the brand's
/// colour, in the proportions of a bank card (ISO/IEC 7810 ID-1).
struct PassCard {
    let brand: String
    let model: String
    let entitlement: String
    let colour: CardColour

    /// SVG 1.1.
    var svg: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 856 540" role="img">
        <title>\(Self.escaped("\(brand) \(model)"))</title>
        <rect width="856" height="540" rx="32" fill="\(colour.hex)"/>
        <g fill="none" stroke="\(colour.ink)" stroke-width="16" stroke-opacity="0.4">
        <circle cx="690" cy="170" r="48"/><path d="M690 218V370M690 300h44M690 354h60"/>
        </g>
        <g fill="\(colour.ink)" font-family="sans-serif">
        \(line(brand, at: 104, size: 48))
        \(line(model, at: 404, size: 64))
        \(line(entitlement, at: 468, size: 32))
        </g>
        </svg>

        """
    }

    /// A long text is written smaller, so that it stays on the card.
    private func line(_ text: String, at y: Int, size: Int) -> String {
        let fitting = min(size, 1100 / max(1, text.count))
        return
            "<text x=\"56\" y=\"\(y)\" font-size=\"\(fitting)\">\(Self.escaped(text))</text>"
    }

    /// `text` as character data of XML 1.0; what XML cannot hold becomes U+FFFD.
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, letter in
            switch letter {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&apos;"
            case "\u{0}"..<" ", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(letter)
            }
        }
    }
}

/// A colour of the brand and the one that is read on it.
struct CardColour: Equatable, Sendable {
    /// `#rrggbb`.
    let hex: String
    /// White on dark, black on light.
    let ink: String

    /// What passes have where nobody chose a colour.
    static let standard = CardColour(hex: "#24344d", ink: "#ffffff")

    private init(hex: String, ink: String) {
        self.hex = hex
        self.ink = ink
    }

    /// Reads `#rrggbb`; none for anything else.
    init?(_ text: String) {
        guard text.utf8.count == 7, text.hasPrefix("#"), text.dropFirst().allSatisfy(\.isHexDigit),
            let value = UInt32(text.dropFirst(), radix: 16)
        else { return nil }
        let (red, green, blue) = (value >> 16, value >> 8 & 0xFF, value & 0xFF)
        hex = text.lowercased()
        // Weights of luma (ITU-R BT.601), per mille.
        ink = red * 299 + green * 587 + blue * 114 < 128_000 ? "#ffffff" : "#000000"
    }
}
