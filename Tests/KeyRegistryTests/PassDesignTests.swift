// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import FoundationXML
import Identifiers
import ServiceKit
import TestKit
import Testing

@testable import KeyRegistry

@Suite struct PassDesignTests {
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0]
    private let colour = CardColour.standard

    @Test(arguments: [
        "</text><script>alert(1)</script>", "\" onload=\"x", "a & b", "]]>", "<!-- ",
        "\u{0}\u{8}\u{B}\u{1F}\u{FFFE}\u{FFFF}", "🚗 Räuber's ‮ Wagen",
        String(repeating: "W<", count: 5_000),
    ])
    func `hostile names stay text on the card and lines on the pass`(name: String) throws {
        let design = PassDesign(brand: name, colour: colour, artwork: nil)
        let pass = try design.pass(for: key(), model: name)
        #expect(pass.isLegible)
        let svg = try #require(pass.artwork.bytes)
        #expect(svg.count < 8192)
        let found = try elements(of: svg)
        #expect(found.names == ["svg", "title", "rect", "g", "circle", "path", "g"] + texts)
        #expect(found.lines == [pass.brand, pass.model, pass.entitlement].map(Self.readable))
    }

    @Test func `artwork of the brand replaces the card`() throws {
        let artwork = try #require(KeyPass.Artwork(Self.png))
        let design = PassDesign(brand: "Brand", colour: colour, artwork: artwork)
        let pass = try design.pass(for: key(), model: "Model")
        #expect(pass.artwork.mediaType == .png && pass.artwork.bytes == Self.png)
    }

    @Test func `artwork is SVG or PNG of 256 KiB at most`() {
        let limit = KeyPass.Artwork.limit
        let large = Self.png + [UInt8](repeating: 0, count: limit - Self.png.count)
        #expect(KeyPass.Artwork(large)?.bytes?.count == limit)
        #expect(KeyPass.Artwork(large + [0]) == nil)
        #expect(KeyPass.Artwork(Array("\u{FEFF}\n<?xml version=\"1.0\"?><svg/>".utf8)) != nil)
        for other in ["", "svg", "GIF89a", "<html></html>", "x <svg/>"] {
            #expect(KeyPass.Artwork(Array(other.utf8)) == nil, "\(other)")
        }
        #expect(KeyPass.Artwork(Array("<svg/>".utf8) + [0xFF]) == nil, "no UTF-8")
    }

    @Test func `ink is read on every colour`() {
        #expect(CardColour("#000000")?.ink == "#ffffff")
        #expect(CardColour("#FFE066")?.ink == "#000000")
        #expect(CardColour(CardColour.standard.hex) == .standard)
        for text in ["", "red", "24344d", "#24344", "#24344g", "#+24344", "#24344d0"] {
            #expect(CardColour(text) == nil, "\(text)")
        }
    }

    @Test(arguments: [
        ("PASS_ARTWORK", "/large", false), ("PASS_ARTWORK", "/none", false),
        ("PASS_ARTWORK", "/card", true), ("PASS_ARTWORK", "", true),
        ("BRAND_COLOUR", "blue", false), ("BRAND_COLOUR", "#0a0b0c", true),
    ])
    func `a setting that cannot be drawn is named`(name: String, value: String, isGood: Bool) {
        let settings = ReadSettings<RegistrySettings>(
            service: "key-registry", environment: ["LATCHKEY_KEY_REGISTRY_\(name)": value],
            readFile: { path in
                switch path {
                case "/card": Self.png
                case "/large": Self.png + [UInt8](repeating: 0, count: KeyPass.Artwork.limit)
                default: throw CocoaError(.fileNoSuchFile)
                }
            })
        #expect(settings.problems.contains { $0.variable.hasSuffix(name) } != isGood)
    }

    // MARK: - Reading the card

    private let texts = ["text", "text", "text"]

    /// What an XML parser finds: names of elements, and what is written on the card.
    private func elements(of svg: [UInt8]) throws -> (names: [String], lines: [String]) {
        let reader = Reader()
        let parser = XMLParser(data: Data(svg))
        parser.delegate = reader
        #expect(parser.parse(), "\(String(decoding: svg, as: UTF8.self))")
        return (reader.names, reader.lines)
    }

    private final class Reader: NSObject, XMLParserDelegate {
        var names: [String] = []
        var lines: [String] = []

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
            qualifiedName: String?, attributes: [String: String]
        ) {
            names.append(name)
            if name == "text" { lines.append("") }
        }

        func parser(_ parser: XMLParser, foundCharacters text: String) {
            if names.last == "text", !lines.isEmpty, !text.hasPrefix("\n") {
                lines[lines.count - 1] += text
            }
        }
    }

    /// As XML has it.
    private static func readable(_ text: String) -> String {
        text.replacing("\u{FFFE}", with: "\u{FFFD}").replacing("\u{FFFF}", with: "\u{FFFD}")
    }

    private func key() throws -> TrackedKey {
        TrackedKey(
            state: TrackedKeyState(
                keyId: KeyID(uncheckedBytes: [UInt8](repeating: 1, count: 20)),
                vehicleId: try VehicleID(hex: RegistryBench.vehicleId), keyType: .owner,
                state: .active, deviceOemId: "acme-phones", ownerKeyId: nil,
                slotId: try SlotID(hex: "0001"), profile: 0, notBefore: TestPKI.start,
                notAfter: nil), publicKey: [])
    }
}
