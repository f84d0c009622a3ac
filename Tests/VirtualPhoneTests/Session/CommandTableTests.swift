// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import Testing

@testable import VirtualPhone

/// What a phone answers before it looks at data: shape, class, instruction, parameters, fixed length
/// and state, in this order (PROTOCOL 2.1, 3.1, 4).
@Suite("The order of a phone's checks")
struct CommandTableTests {
    /// Where the phone is when the command comes.
    enum Place: String, CaseIterable, Sendable {
        case nowhere, framework, applet
    }

    private static let frameworkAID = "A000000809434343444B467631"
    private static let appletAID = "A000000809434343444B417631"
    private static let verify = "5241" + String(repeating: "04", count: 65)
    private static let select = "00A404000D"

    static let rows: [(Place, command: String, answer: String)] = [
        // Shape.
        (.nowhere, "", "6700"), (.nowhere, "00", "6700"), (.nowhere, "00A404", "6700"),
        (.nowhere, "00A4040001", "6700"), (.nowhere, "00A404000DA000", "6700"),
        (.nowhere, select + frameworkAID + "01", "6700"),
        (.nowhere, select + frameworkAID + "0000", "6700"),
        (.nowhere, "00A4040000000D" + frameworkAID, "6700"),
        (.framework, "9030000005", "6700"),
        // Class, also of instructions nobody knows and with nothing selected.
        (.nowhere, "90A40400", "6E00"), (.framework, "A0FF0000", "6E00"),
        (.applet, "FF800000", "6E00"), (.applet, "8180000000", "6E00"),
        // Nothing selected.
        (.nowhere, "80300000", "6985"), (.nowhere, "80FF0000", "6985"),
        (.nowhere, "8080090900", "6985"),
        // Instruction: each application knows its own.
        (.framework, "80800000", "6D00"), (.framework, "80810000", "6D00"),
        (.framework, "84C90000", "6D00"), (.framework, "80FF0000", "6D00"),
        (.applet, "80300000", "6D00"), (.applet, "80320000", "6D00"),
        (.applet, "84D40000", "6D00"), (.applet, "84CA0000", "6D00"),
        (.applet, "00C0000000", "6D00"), (.applet, "80FF0000", "6D00"),
        // Class of a known instruction.
        (.nowhere, "80A40400", "6E00"), (.nowhere, "84A40400", "6E00"),
        (.framework, "00300000", "6E00"), (.framework, "84320000", "6E00"),
        (.framework, "80D40000", "6E00"), (.framework, "00CA0000", "6E00"),
        (.framework, "80C0000000", "6E00"), (.framework, "843C0000", "6E00"),
        (.applet, "00800000", "6E00"), (.applet, "84810000", "6E00"),
        (.applet, "80C90000", "6E00"), (.applet, "003C0000", "6E00"),
        // P1 and P2.
        (.nowhere, "00A400000D" + frameworkAID, "6B00"),
        (.nowhere, "00A4040C0D" + frameworkAID, "6B00"),
        (.framework, "80300100", "6B00"), (.framework, "80320001", "6B00"),
        (.framework, "84D40100", "6B00"), (.framework, "84D48001", "6B00"),
        (.framework, "84CA0100", "6B00"), (.framework, "00C0000100", "6B00"),
        (.framework, "803C0300", "6B00"), (.framework, "803C0101", "6B00"),
        (.framework, "803C0201", "6B00"),
        (.applet, "80800200", "6B00"), (.applet, "80800005", "6B00"),
        (.applet, "80800007", "6B00"), (.applet, "808000FF", "6B00"),
        (.applet, "80800103", "6B00"), (.applet, "80800104", "6B00"),
        (.applet, "80810001", "6B00"), (.applet, "84C90001", "6B00"),
        (.applet, "803C0200", "6B00"), (.applet, "803C4100", "6B00"),
        // Fixed length, before state.
        (.framework, "8032000001AA", "6700"), (.framework, "8032000043" + verify, "6700"),
        (.framework, "00C0000001AA", "6700"), (.framework, "803C010001AA", "6700"),
        (.applet, "803C010001AA", "6700"),
        // State.
        (.framework, "8032000055" + verify + "5710" + String(repeating: "00", count: 16), "6985"),
        (.framework, "84D4000008" + "0011223344556677", "6985"),
        (.framework, "84CA000008" + "0011223344556677", "6985"),
        (.framework, "00C0000000", "6985"), (.framework, "803C0100", "6985"),
        (.framework, "803C0200", "6985"),
        (.applet, "8081000042" + "9E40" + String(repeating: "11", count: 64) + "00", "6985"),
        (.applet, "84C9000008" + "0011223344556677", "6985"),
        // What always works.
        (.framework, "803C0000", "9000"), (.framework, "803C000D", "9000"),
        (.framework, "803C00FF", "9000"),
        (.applet, "803C0000", "9000"), (.applet, "803C01FF", "9000"), (.applet, "803C40A0", "9000"),
        // SELECT by exact name only.
        (.nowhere, "00A404000C" + frameworkAID.dropLast(2), "6A82"),
        (.nowhere, "00A404000E" + frameworkAID + "00", "6A82"),
        (.nowhere, "00A40400", "6A82"), (.nowhere, "00A4040007A0000000041010", "6A82"),
        (.framework, "00A4040007A0000000041010", "6A82"),
    ]

    @Test(arguments: rows)
    func `each command gets the first refusal that applies`(
        place: Place, command: String, answer: String
    ) throws {
        var (phone, _) = try TestWorld().owner()
        try select(place, in: &phone)
        let response = phone.respond(to: try [UInt8](hex: command), at: TestWorld.noon)
        #expect(response.hex.uppercased() == answer)
    }

    @Test(arguments: Place.allCases)
    func `a SELECT that fails leaves nothing selected`(place: Place) throws {
        var (phone, _) = try TestWorld().owner()
        try select(place, in: &phone)
        _ = phone.respond(to: try [UInt8](hex: "00A4040005A000000809"), at: TestWorld.noon)
        let response = phone.respond(to: try [UInt8](hex: "80FF0000"), at: TestWorld.noon)
        #expect(response == StatusWord.conditionsNotMet.bytes)
    }

    @Test func `the applet answers a phone in pairing mode only after the framework`() throws {
        var (phone, _) = try TestWorld().owner()
        try phone.enterPairingMode(password: "12345678", at: TestWorld.noon)
        let applet = ApplicationID.applet.select.encoded
        #expect(phone.respond(to: applet, at: TestWorld.noon) == StatusWord.notFound.bytes)
        let framework = phone.respond(
            to: ApplicationID.framework.select.encoded, at: TestWorld.noon)
        #expect(framework.hex == "5a0201005c0402000100d401029000")
        #expect(phone.respond(to: applet, at: TestWorld.noon).hex == "5c04020001009000")
        phone.fieldLost()
        #expect(phone.respond(to: applet, at: TestWorld.noon) == StatusWord.notFound.bytes)
    }

    @Test func `commands work with and without Le`() throws {
        for ending in [[], [0x00]] as [[UInt8]] {
            var (phone, _) = try TestWorld().owner()
            let select = try [UInt8](hex: Self.select + Self.appletAID) + ending
            #expect(phone.respond(to: select, at: TestWorld.noon).hex == "5c04020001009000")
        }
    }

    private func select(_ place: Place, in phone: inout PhoneCard) throws {
        let application: ApplicationID? =
            switch place {
            case .nowhere: nil
            case .framework: .framework
            case .applet: .applet
            }
        guard let application else { return }
        let answer = phone.respond(to: application.select.encoded, at: TestWorld.noon)
        #expect(answer.suffix(2) == [0x90, 0x00])
    }
}
