// SPDX-License-Identifier: Apache-2.0

import KeyProtocol
import TestKit
import Testing

struct PollingFrameVectorTests {
    @Test func `frames are written and read as the vectors say`() throws {
        for vector in try Vectors.file("ecp-frames").cases {
            if let body = try vector.inputs.optional("body")?.hex() {
                #expect(PollingFrame.crc(body) == (try vector.outputs.hex("crc")))
                continue
            }
            let group = try vector.inputs.hex("readerId")
            let frame = try PollingFrame(
                subtype: vector.inputs.hex("subtype").first ?? 0,
                terminal: vector.inputs.hex("tci"), readerGroup: group.isEmpty ? nil : group)
            let encoded = try vector.outputs.hex("frame")
            #expect(frame.encoded == encoded, "\(vector.name)")
            #expect(Array(frame.encoded.suffix(2)) == (try vector.outputs.hex("crc")))
            #expect(frame.isPairing == (try vector.outputs.bool("pairing")), "\(vector.name)")
            #expect(try PollingFrame(parsing: encoded) == frame, "\(vector.name)")
        }
    }

    @Test func `damaged frames are refused`() throws {
        for negative in try Vectors.file("ecp-frames").negatives {
            #expect(throws: ProtocolError.self, "\(negative.name)") {
                try PollingFrame(parsing: negative.input.hex("frame"))
            }
        }
    }
}
