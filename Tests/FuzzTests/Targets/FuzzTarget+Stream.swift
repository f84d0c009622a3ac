// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import VirtualPhone

/// Streams cut into frames, and what is said in them (PROTOCOL 18, 20).
extension FuzzTarget {
    static let streams = [
        FuzzTarget("stream-frames", streamFrames),
        FuzzTarget("reader-frames", readerFrames),
        stable("ranging-message") {
            try RangingMessage(parsing: StreamFrame(parsing: $0))
        } write: {
            $0.frame.encoded
        },
        FuzzTarget("radio-stranger", RadioScript.stranger),
    ]

    /// `first piece(1) ‖ stream`: frames do not depend on how the stream was cut on its way.
    @Sendable private static func streamFrames(_ bytes: [UInt8]) throws {
        let stream = Array(bytes.dropFirst())
        let frames = try framesHoweverCut(bytes) { () -> Cutter<StreamFrame> in
            var buffer = StreamBuffer()
            return {
                buffer.append($0)
                return try buffer.next()
            }
        }
        try require(
            stream.starts(with: frames.flatMap(\.encoded)), "frames of bytes that did not come")
    }

    /// `first piece(1) ‖ stream` of a virtual reader.
    @Sendable private static func readerFrames(_ bytes: [UInt8]) throws {
        let frames = try framesHoweverCut(bytes) { () -> Cutter<ReaderFrame> in
            var buffer = ReaderBuffer()
            return {
                buffer.append($0)
                return try buffer.next()
            }
        }
        for case .command(let command) in frames {
            try require(command.count > 1, "a command of one byte")
            try require(!PollingFrame.isIntact(command), "a polling frame is a command")
        }
    }

    /// Takes up bytes and gives the next frame.
    private typealias Cutter<Frame> = ([UInt8]) throws -> Frame?

    private static func framesHoweverCut<Frame: Equatable>(
        _ bytes: [UInt8], by cutter: () -> Cutter<Frame>
    ) throws -> [Frame] {
        var input = FuzzInput(bytes)
        let place = Int(input.byte())
        let stream = input.rest()
        let whole = frames([stream], cutter())
        let pieces = frames(
            [Array(stream.prefix(place)), Array(stream.dropFirst(place))], cutter())
        try require(whole == pieces, "other frames when the stream is cut at \(place)")
        return whole
    }

    /// Until the stream is of no more use.
    private static func frames<Frame>(_ pieces: [[UInt8]], _ next: Cutter<Frame>) -> [Frame] {
        var frames: [Frame] = []
        for piece in pieces {
            var piece = piece
            while true {
                do {
                    guard let frame = try next(piece) else { break }
                    frames.append(frame)
                    piece = []
                } catch {
                    return frames
                }
            }
        }
        return frames
    }
}
