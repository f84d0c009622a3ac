// SPDX-License-Identifier: Apache-2.0

import Identifiers
import TestKit
import Testing

@testable import PCSC

@Suite struct AnswerToResetTests {
    @Test(arguments: [
        // Category 80. YubiKey 5 with contacts and without, a SIM with T=15, Estonian identity card.
        ("3BFD1300008131FE158073C021C057597562694B657940", true),
        ("3B8D80018073C021C057597562694B6579F9", true),
        ("3B9F96801FC78031A073BE21136743200718000001A5", false),
        ("3BFE1800008031FE458031806640 90A4162A00830F9000EF", false),
        // Category 00. Gnuk token, OpenPGP card 3, passport.
        ("3BDA11FF81B1FE551F030031847380018000 9000E4", true),
        ("3BDA18FF81B1FE751F030031F573C001600090001C", false),
        ("3B8880010073C840000090 0062", false),
        // Others. YubiKey 4, JCOP, DESFire, MIFARE Classic at a PC/SC reader.
        ("3BF81300008131FE15597562696B657934D4", false),
        ("3BF81300008131FE454A434F5076323431B7", false),
        ("3B8180018080", false),
        ("3B8F8001804F0CA000000306030001000000006A", false),
    ])
    func `cards on sale say whether they join the parts of a command`(
        text: String, announces: Bool
    ) throws {
        let bytes = try [UInt8](hex: text.replacing(" ", with: ""))
        let answer = try #require(AnswerToReset(bytes))
        #expect(answer.announcesChaining == announces)
    }

    @Test func `our phone does not announce it`() throws {
        let answer = try #require(AnswerToReset(VirtualCard.atr))
        #expect(answer.announcesChaining == false)
    }

    @Test(
        arguments: [
            ([0x80, 0x73, 0, 0, 0x80], true),
            ([0x80, 0x73, 0, 0, 0x7F], false),
            ([0x80, 0x31, 0x73, 0x73, 0xFF, 0xFF, 0x80], true),
            ([0x80, 0x82, 0x90, 0x00, 0x73, 0, 0, 0x80], true),
            ([0x00, 0x73, 0, 0, 0x80, 0x00, 0x90, 0x00], true),
            // The third byte is left out, in another object, torn or beyond what is defined.
            ([0x80, 0x71, 0x80], false),
            ([0x80, 0x72, 0x80, 0x80], false),
            ([0x80, 0x70, 0x80, 0x80, 0x80], false),
            ([0x80, 0x43, 0, 0, 0x80], false),
            ([0x80, 0x73, 0x80, 0x80], false),
            ([0x80, 0x74, 0, 0, 0x80, 0], false),
            ([0x80, 0x3F, 0x73, 0, 0, 0x80], false),
            // What looks like capabilities in a status, and in categories that have no objects.
            ([0x00, 0x73, 0, 0, 0x80], false),
            ([0x00, 0x90, 0x00], false),
            ([0x00], false),
            ([0x10, 0x73, 0, 0, 0x80], false),
            ([0x73, 0, 0, 0x80], false),
            ([0x80], false),
            ([], false),
        ] as [([UInt8], Bool)])
    func `card capabilities are found in the historical bytes`(bytes: [UInt8], announces: Bool)
        throws
    {
        let answer = try #require(AnswerToReset(contactless(bytes)))
        #expect(answer.announcesChaining == announces)
    }

    @Test(
        arguments: [
            [], [0x3B], [0x3F], [0x80, 0x80, 0x01, 0x01], [0x3C, 0x00],
            // Torn at each place: TA1, TD1, TD2, historical bytes, TCK.
            [0x3B, 0x10], [0x3B, 0x80], [0x3B, 0x80, 0x80], [0x3B, 0x81, 0x80, 0x01],
            [0x3B, 0x80, 0x80, 0x01],
            // More than it says, and a check byte that is wrong.
            [0x3B, 0x00, 0x00], [0x3B, 0x80, 0x80, 0x01, 0x01, 0x00],
            [0x3B, 0x80, 0x80, 0x01, 0x00],
            // Groups without an end.
            [0x3B] + [UInt8](repeating: 0x80, count: 40), [UInt8](repeating: 0x3B, count: 33),
            [0x3B] + [UInt8](repeating: 0xFF, count: 32),
        ] as [[UInt8]])
    func `bytes that are no answer to reset announce nothing`(bytes: [UInt8]) {
        #expect(AnswerToReset(bytes) == nil)
    }

    @Test func `a card that knows T=0 alone has no check byte`() throws {
        let bytes: [UInt8] = [0x3B, 0x05, 0x80, 0x73, 0, 0, 0x80]
        let answer = try #require(AnswerToReset(bytes))
        #expect(answer.announcesChaining)
        #expect(AnswerToReset(bytes + [0x76]) == nil)
    }
}

/// The answer to reset that readers make for a contactless card (PC/SC part 3).
func contactless(_ historicalBytes: [UInt8]) -> [UInt8] {
    let bytes = [0x80 | UInt8(historicalBytes.count), 0x80, 0x01] + historicalBytes
    return [0x3B] + bytes + [bytes.reduce(0, ^)]
}
