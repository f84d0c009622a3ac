// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import Testing

@Suite struct StreamFrameTests {
    @Test func `the example of section 18 is what our car sends`() throws {
        let example = "010b001300a404000da000000809434343444b41763100"
        let frame = StreamFrame.command(ApplicationID.applet.select.encoded)
        #expect(frame.encoded.hex == example)
        #expect(try StreamFrame(parsing: [UInt8](hex: example)) == frame)
        #expect(frame.type == .secureElement)
    }

    @Test(arguments: [
        "", "01", "010b", "010b00", "010b0001", "010b000100ff", "010b0201", "010bffff",
    ])
    func `a frame cut short, too long or followed by more is refused`(_ text: String) throws {
        let bytes = try [UInt8](hex: text)
        #expect(throws: ProtocolError.length) { try StreamFrame(parsing: bytes) }
    }

    @Test func `a stream is cut into frames wherever it was cut before`() throws {
        let frames = [
            StreamFrame(.event, 0x11), .command([1, 2, 3, 4]), StreamFrame(.headUnit, 0, [9]),
            .response([UInt8](repeating: 7, count: Limits.streamData)),
        ]
        let bytes = frames.flatMap(\.encoded)
        for size in [1, 2, 3, 5, 7, 64, bytes.count] {
            var buffer = StreamBuffer()
            var found: [StreamFrame] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                buffer.append(Array(bytes.dropFirst(start).prefix(size)))
                while let frame = try buffer.next() { found.append(frame) }
            }
            #expect(found == frames, "pieces of \(size)")
        }
    }

    @Test func `a length over the limit is refused before its data has come`() throws {
        var buffer = StreamBuffer()
        buffer.append([0x01, 0x0B, 0x02, 0x01])
        #expect(throws: ProtocolError.length) { try buffer.next() }
    }
}
