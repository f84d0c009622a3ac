// SPDX-License-Identifier: Apache-2.0

/// Cuts a batch of objects into WRITE DATA commands (PROTOCOL 7.3).
///
/// ```text
/// 84 D4 00 00  239 bytes of the stream, each              P1 00
/// 84 D4 80 00  5F5F 00, alone unless all fits in one      P1 80
/// ```
struct WriteDataBatch {
    private var pieces: ArraySlice<[UInt8]>

    /// A batch; none when it is over 4096 bytes.
    init?(_ objects: [TLV]) {
        let stream = objects.encoded
        let end = TLV(0x5F5F, [UInt8]()).encoded
        guard stream.count + end.count <= Limits.writeDataBatch else { return nil }
        guard stream.count + end.count > Limits.protectedPlaintext else {
            pieces = [stream + end]
            return
        }
        pieces = ArraySlice(
            stride(from: 0, to: stream.count, by: Limits.protectedPlaintext).map {
                Array(stream.dropFirst($0).prefix(Limits.protectedPlaintext))
            } + [end])
    }

    /// P1 and clear text of the next command; none when all were sent.
    mutating func next() -> (p1: UInt8, plain: [UInt8])? {
        guard let piece = pieces.popFirst() else { return nil }
        return (pieces.isEmpty ? 0x80 : 0x00, piece)
    }
}
