// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A TCP proxy before a Kafka broker that can be slow, silent, forgetful or rude on demand.
///
/// It answers ApiVersions of version 3 and above itself with error 35 in the form of version 0, so
/// that clients fall back; everything else it forwards frame by frame (int32 length + body).
public final class FaultProxy: Sendable {
    /// What happens to bytes.
    public enum Weather: Sendable {
        /// They go on, after the latency.
        case clear
        /// They wait until the weather changes, in both directions.
        case partition
        /// Requests go on, answers are lost.
        case answersLost
    }

    /// Where clients connect, on 127.0.0.1.
    public let port: UInt16
    /// Where the broker listens, on 127.0.0.1; need not be there yet.
    public let upstream: UInt16
    /// `127.0.0.1:port`
    public var address: String { "127.0.0.1:\(port)" }

    private let sky: ProxySky
    private let listener: any Channel

    /// Starts the proxy for a broker on port `upstream`.
    public init(upstream: UInt16) async throws {
        let sky = ProxySky()
        self.sky = sky
        self.upstream = upstream
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.addHandler(ProxyLink(sky: sky, client: channel, port: upstream))
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = UInt16(listener.localAddress?.port ?? 0)
    }

    /// Bytes of either direction arrive that much later.
    public func setLatency(_ latency: Duration) {
        let (seconds, attoseconds) = latency.components
        let amount = TimeAmount.nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        sky.state.withLock { $0.latency = amount }
    }

    /// Changes what happens to bytes; what waited goes on when it clears.
    public func setWeather(_ weather: Weather) {
        let links = sky.state.withLock { state in
            state.weather = weather
            return Array(state.links.values)
        }
        for link in links { link.client.eventLoop.execute { link.pump() } }
    }

    /// How many Produce requests reached the broker while answers were lost.
    public var unansweredProduces: Int { sky.state.withLock { $0.unansweredProduces } }

    /// Ends every connection with a TCP reset.
    public func reset() {
        for link in sky.state.withLock({ Array($0.links.values) }) {
            link.client.eventLoop.execute { link.reset() }
        }
    }

    /// Ends every connection and listens no more.
    public func close() async {
        try? await listener.close()
        reset()
    }
}

/// What all connections share.
final class ProxySky: Sendable {
    struct State {
        var latency = TimeAmount.zero
        var weather = FaultProxy.Weather.clear
        var links: [ObjectIdentifier: ProxyLink] = [:]
        var unansweredProduces = 0
    }

    let state = Mutex(State())
}
