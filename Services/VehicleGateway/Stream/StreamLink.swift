// SPDX-License-Identifier: Apache-2.0

import KeyProtocol
import NIOCore
import PCSC
import Synchronization

/// One phone at a car's radio: a connection that carries frames (PROTOCOL 18).
///
/// The phone's frames wait here until the car asks for them; one that sends more than the car can want,
/// or what is no frame, is cut off.
final class StreamLink: PhoneLink, Sendable {
    /// What came, or that nothing did.
    enum Event: Equatable {
        case frame(StreamFrame)
        case silence
        case closed
    }

    /// Frames that may wait.
    static let pending = 16

    private struct State {
        var frames: [StreamFrame] = []
        var isClosed = false
        /// Who waits, by number: an old alarm must not wake a later one.
        var waiting: (number: Int, continuation: CheckedContinuation<Event, Never>)?
        var waits = 0
        var centimetres: UInt16?

        /// What is there already.
        mutating func take() -> Event? {
            guard frames.isEmpty else { return .frame(frames.removeFirst()) }
            return isClosed ? .closed : nil
        }
    }

    private let channel: any Channel
    private let state = Mutex(State())

    init(channel: any Channel) { self.channel = channel }

    /// What the simulated radio measures; it believes what it was told.
    var measured: UInt16? { state.withLock { $0.centimetres } }

    func close() { channel.close(promise: nil) }

    /// Sends a frame; a connection that is gone shows at the next event.
    func send(_ frame: StreamFrame) async {
        try? await channel.writeAndFlush(ByteBuffer(bytes: frame.encoded)).get()
    }

    /// The next frame; waits for it at most `limit`.
    func next(within limit: Duration) async -> Event {
        let alarm = Mutex<Scheduled<Void>?>(nil)
        let event = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let number: Int? = state.withLock { state in
                    if let event = state.take() {
                        continuation.resume(returning: event)
                        return nil
                    }
                    state.waits += 1
                    state.waiting = (state.waits, continuation)
                    return state.waits
                }
                guard let number else { return }
                let timer = channel.eventLoop.scheduleTask(in: TimeAmount(limit)) {
                    self.giveUp(number)
                }
                alarm.withLock { $0 = timer }
            }
        } onCancel: {
            close()
        }
        alarm.withLock { $0?.cancel() }
        return event
    }

    func transmit(
        _ command: [UInt8], within limit: Duration, meanwhile: () -> Void
    ) async throws(PCSCError) -> [UInt8] {
        let deadline = ContinuousClock.now + limit
        await send(.command(command))
        meanwhile()
        while true {
            switch await next(within: deadline - .now) {
            case .silence: throw .timeout
            case .closed: throw .cardGone
            case .frame(let frame):
                // Frames of other types are not for this conversation.
                if frame.type == .secureElement, frame.id == StreamFrame.ID.response {
                    return frame.data
                }
            }
        }
    }

    func announce(_ frame: [UInt8]) async throws(PCSCError) {}

    func resetField() async throws(PCSCError) {}

    /// Takes up a frame of the phone; false when it sends too much.
    func took(_ frame: StreamFrame) -> Bool {
        if case .simulatedDistance(let centimetres) = try? RangingMessage(parsing: frame) {
            state.withLock { $0.centimetres = centimetres }
            return true
        }
        let (isRoom, waiting) = state.withLock { state in
            defer { state.waiting = nil }
            if state.waiting == nil { state.frames.append(frame) }
            return (state.frames.count <= Self.pending, state.waiting)
        }
        waiting?.continuation.resume(returning: .frame(frame))
        return isRoom
    }

    /// The connection is gone.
    func ended() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.continuation.resume(returning: .closed)
    }

    private func giveUp(_ number: Int) {
        let waiting = state.withLock { state in
            guard state.waiting?.number == number else {
                return CheckedContinuation<Event, Never>?.none
            }
            defer { state.waiting = nil }
            return state.waiting?.continuation
        }
        waiting?.resume(returning: .silence)
    }
}

/// Cuts what arrives into frames; the first byte that is wrong ends the connection.
final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let link: StreamLink
    private let arrived: () -> Void
    private var buffer = StreamBuffer()

    /// Calls `arrived` once the connection takes what is written to it.
    init(_ link: StreamLink, arrived: @escaping () -> Void) {
        self.link = link
        self.arrived = arrived
    }

    func channelActive(context: ChannelHandlerContext) { arrived() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        buffer.append(Array(buffer: unwrapInboundIn(data)))
        do throws(ProtocolError) {
            while let frame = try buffer.next() {
                guard link.took(frame) else { return context.close(promise: nil) }
            }
        } catch {
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { link.ended() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
