// SPDX-License-Identifier: Apache-2.0

import Identifiers
import Logging
import NIOCore
import NIOPosix
import ServiceKit
import Synchronization

/// The radio of one vehicle: takes phones that come near, a few at a time.
struct StreamListener: Sendable {
    let vehicleId: VehicleID
    let address: ListenAddress
    let host: ServiceHost
    /// Serves one phone until the car is done with it.
    let serve: @Sendable (StreamLink) async -> Void

    /// Phones at a time; one more is turned away, so that no vehicle takes what others need.
    static let phones = 4

    /// Listens until the task is cancelled; an address in use is tried again.
    func run() async {
        while !Task.isCancelled {
            do {
                try await listen()
            } catch {
                host.logger.warning(
                    "a vehicle's radio cannot listen",
                    metadata: [
                        "vehicle": .string("\(vehicleId)"), "address": .string("\(address)"),
                        "reason": .string("\(error)"),
                    ])
                try? await Task.sleep(for: .seconds(2))
            }
        }
    }

    private func listen() async throws {
        let (phones, arrivals) = AsyncStream.makeStream(of: StreamLink.self)
        let counter = PhoneCounter()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                guard counter.enter() else { return channel.close() }
                channel.closeFuture.whenComplete { _ in counter.leave() }
                return channel.eventLoop.makeCompletedFuture {
                    let link = StreamLink(channel: channel)
                    let handler = StreamHandler(link) { arrivals.yield(link) }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: address.host, port: address.port).get()
        listener.closeFuture.whenComplete { _ in arrivals.finish() }
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for await phone in phones {
                    group.addTask {
                        await serve(phone)
                        phone.close()
                    }
                }
                group.cancelAll()
            }
        } onCancel: {
            listener.close(promise: nil)
        }
        try? await listener.closeFuture.get()
    }
}

/// How many phones are connected.
private final class PhoneCounter: Sendable {
    private let present = Mutex(0)

    func enter() -> Bool {
        present.withLock { present in
            guard present < StreamListener.phones else { return false }
            present += 1
            return true
        }
    }

    func leave() { present.withLock { $0 -= 1 } }
}
