// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import TestKit
import Testing

struct TLVVectorTests {
    @Test func `objects are written and read as the vectors say`() throws {
        for vector in try Vectors.file("tlv").cases {
            let objects = try vector.inputs.list("objects").map { object in
                let tag = try [UInt8](hex: object.text("tag")).reduce(UInt16(0)) {
                    $0 << 8 | UInt16($1)
                }
                return TLV(Tag(tag), try object.hex("value"))
            }
            let encoded = try vector.outputs.hex("encoded")
            #expect(objects.encoded == encoded, "\(vector.name)")
            #expect(try TLV.list(encoded) == objects, "\(vector.name)")
        }
    }

    @Test func `malformed objects are refused`() throws {
        for negative in try Vectors.file("tlv").negatives {
            let bytes = try negative.input.hex("encoded")
            let asMap = try negative.input.optional("asMap")?.bool() ?? false
            #expect(throws: ProtocolError.self, "\(negative.name)") {
                if asMap { _ = try TLVMap(bytes) } else { _ = try TLV.list(bytes) }
            }
        }
    }

    @Test func `a repeatable tag keeps all values in order`() throws {
        let bytes = [TLV(0x89, [1]), TLV(0x8B, [2]), TLV(0x89, [3])].encoded
        #expect(try TLVMap(bytes, repeatable: [0x89]).all(0x89) == [[1], [3]])
        #expect(throws: ProtocolError.duplicate) { try TLVMap(bytes) }
    }
}
