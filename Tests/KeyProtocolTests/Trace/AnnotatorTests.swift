// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import TestKit
import Testing

@Suite struct AnnotatorTests {
    static let traces: [@Sendable () throws -> RecordedTrace] = [
        { try RecordedTrace.pairing() }, { try RecordedTrace.friend() },
    ]

    @Test(arguments: [0, 1])
    func `every byte of the recorded runs has a name`(index: Int) throws {
        for apdu in try Self.traces[index]().apdus {
            let names = [apdu.title] + apdu.allParts.flatMap { [$0.name, $0.meaning ?? ""] }
            for name in names {
                for word in ["unknown", "does not open", "no keys", "no TLV"] {
                    #expect(!name.contains(word), "\(apdu.title): \(name)")
                }
            }
        }
    }

    @Test func `an owner pairing reads as it went`() throws {
        let trace = try RecordedTrace.pairing()
        let titles = trace.apdus.filter(\.isCommand).map(\.title)
        #expect(titles.prefix(3) == ["SELECT framework", "SPAKE2+ REQUEST", "SPAKE2+ VERIFY"])
        for title in [
            "OP CONTROL FLOW: field reset follows", "GET DATA: digital key [H]",
            "OP CONTROL FLOW: phase 2 is complete", "AUTH0: standard, pairing",
            "AUTH0: fast, unlock", "AUTH0: standard, drive",
            "CONTROL FLOW: The car is ready to drive.",
        ] {
            #expect(titles.contains(title), "\(title)")
        }
        let names = trace.apdus.flatMap(\.allParts).map(\.name)
        for name in [
            "creation data", "mailbox mapping", "VehicleStatement", "slot bitmap", "slot list",
            "token of position 8", "signaling bits", "vehicle certificate [K]",
        ] {
            #expect(names.contains(name), "\(name)")
        }
    }

    @Test func `a first friend transaction shows its package`() throws {
        let names = try RecordedTrace.friend().apdus.flatMap(\.allParts).map(\.name)
        #expect(names.contains("attestation package"))
        #expect(names.contains("length of the attestation package"))
    }

    @Test func `tokens are written only when they are asked for`() throws {
        let trace = try RecordedTrace.pairing()
        let secrets = trace.apdus.flatMap(\.allParts).filter(\.isSecret).map(\.value.hex)
        #expect(secrets.count == 9 && Set(secrets).count == 8)
        let hidden = trace.apdus.flatMap { TraceText(isFull: true).lines($0) }.joined()
        let shown = trace.apdus.flatMap { TraceText(reveals: true, isFull: true).lines($0) }
            .joined()
        for secret in secrets {
            #expect(!hidden.contains(secret))
            #expect(shown.contains(secret))
        }
    }

    @Test func `without keys the rest is still named`() {
        var annotator = APDUAnnotator()
        _ = annotator.annotate(
            command: ApplicationID.applet.select.encoded, response: [0x5C, 2, 2, 0, 0x90, 0])
        let pair = annotator.annotate(
            command: CommandAPDU(
                cla: 0x84, ins: Instruction.exchange, data: [UInt8](repeating: 7, count: 24)
            ).encoded, response: [0x69, 0x88])
        #expect(pair.first?.parts.first?.name == "protected, no keys in this trace")
        #expect(pair.last?.title == "the protected command does not open")
    }

    @Test func `garbage of any kind is called unknown and stops nothing`() {
        var annotator = APDUAnnotator()
        let inputs: [[UInt8]] = [
            [], [0], [0xFF, 0xFF], [0x00, 0xA4, 0x04, 0x00, 0xFF], [0x80, 0x80, 1, 1],
            [0x84, 0xC9, 0, 0, 1, 0xBA, 0], [0x80, 0x3C, 9, 9],
        ]
        for command in inputs + [ApplicationID.applet.select.encoded] + inputs {
            for response in inputs {
                let pair = annotator.annotate(
                    command: command, response: response,
                    keys: ChannelKeys(exposed: command))
                #expect(pair.count == 2)
            }
        }
    }
}
