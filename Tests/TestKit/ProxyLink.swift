// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// One client's connection through the proxy; everything in it happens on the client's event loop.
final class ProxyLink: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    let client: any Channel
    private let sky: ProxySky
    private let port: UInt16
    private var server: (any Channel)?
    private var partial = ByteBuffer()
    private var toServer: [(due: NIODeadline, bytes: ByteBuffer)] = []
    private var toClient: [(due: NIODeadline, bytes: ByteBuffer)] = []

    init(sky: ProxySky, client: any Channel, port: UInt16) {
        self.sky = sky
        self.client = client
        self.port = port
    }

    func channelActive(context: ChannelHandlerContext) {
        sky.state.withLock { $0.links[ObjectIdentifier(self)] = self }
        ClientBootstrap(group: client.eventLoop)
            .channelInitializer { $0.pipeline.addHandler(ProxyUpstream(link: self)) }
            .connect(host: "127.0.0.1", port: Int(port))
            .whenComplete { result in
                guard case .success(let channel) = result else { return self.reset() }
                self.server = channel
                self.pump()
            }
    }

    func channelInactive(context: ChannelHandlerContext) { end() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        partial.writeImmutableBuffer(unwrapInboundIn(data))
        while let length = partial.getInteger(at: partial.readerIndex, as: Int32.self),
            let frame = partial.readSlice(length: 4 + max(0, Int(length)))
        {
            if let answer = Self.refusal(of: frame) {
                toClient.append((due(after: toClient.last?.due), answer))
            } else {
                toServer.append((due(after: toServer.last?.due), frame))
            }
        }
        partial.discardReadBytes()
        pump()
    }

    func answered(_ bytes: ByteBuffer) {
        let isLost = sky.state.withLock { $0.weather == .answersLost }
        guard !isLost else { return }
        toClient.append((due(after: toClient.last?.due), bytes))
        pump()
    }

    /// The answer to ApiVersions of version 3 and above:
    /// length, correlation id, error 35, one entry (ApiVersions, versions 0 to 2).
    private static func refusal(of frame: ByteBuffer) -> ByteBuffer? {
        var frame = frame
        guard frame.readInteger(as: Int32.self) != nil,
            frame.readInteger(as: Int16.self) == 18,
            let version = frame.readInteger(as: Int16.self), version >= 3,
            let correlation = frame.readInteger(as: Int32.self)
        else { return nil }
        var answer = ByteBuffer()
        answer.writeInteger(Int32(16))
        answer.writeInteger(correlation)
        for number: Int16 in [35, 0, 1, 18, 0, 2] { answer.writeInteger(number) }
        return answer
    }

    private func due(after last: NIODeadline?) -> NIODeadline {
        let due = NIODeadline.now() + sky.state.withLock { $0.latency }
        return last.map { max($0, due) } ?? due
    }

    /// Sends what is due, and comes back for the rest.
    func pump() {
        let weather = sky.state.withLock { $0.weather }
        guard weather != .partition else { return }
        let now = NIODeadline.now()
        while let server, let first = toServer.first, first.due <= now {
            toServer.removeFirst()
            let isProduce = first.bytes.getInteger(at: 4, as: Int16.self) == 0
            if isProduce, weather == .answersLost {
                sky.state.withLock { $0.unansweredProduces += 1 }
            }
            server.writeAndFlush(first.bytes, promise: nil)
        }
        while let first = toClient.first, first.due <= now {
            toClient.removeFirst()
            client.writeAndFlush(first.bytes, promise: nil)
        }
        let waiting = [server == nil ? nil : toServer.first?.due, toClient.first?.due]
        guard let next = waiting.compactMap({ $0 }).min() else { return }
        client.eventLoop.scheduleTask(deadline: next) { self.pump() }
    }

    func reset() {
        let now = linger(l_onoff: 1, l_linger: 0)
        for channel in [client, server].compactMap({ $0 }) {
            guard let options = channel as? any SocketOptionProvider else { continue }
            options.setSoLinger(now).whenComplete { _ in channel.close(promise: nil) }
        }
        end()
    }

    func end() {
        sky.state.withLock { _ = $0.links.removeValue(forKey: ObjectIdentifier(self)) }
        toServer = []
        toClient = []
        client.close(promise: nil)
        server?.close(promise: nil)
    }
}

/// The broker's side of a connection.
private final class ProxyUpstream: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let link: ProxyLink

    init(link: ProxyLink) { self.link = link }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        link.answered(unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) { link.end() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
